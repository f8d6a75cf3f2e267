#!/bin/sh
# One image, several parts: entrypoint.sh api | worker [QUEUE...] | cleanup | serving | migrate | all
# WORKER_PROCESSES and WORKER_THREADS say how many steps a worker carries out at once (2 times 4). `all` needs the serving image.
set -eu
cd "$(dirname "$0")"
part=${1:-all}
[ $# -gt 0 ] && shift

case "$part" in
  api) exec gunicorn --config api/gunicorn.conf.py --bind "${VOXREEL_API_HOST:-0.0.0.0}:${VOXREEL_API_PORT:-8000}" api.wsgi:app ;;
  worker)
    queues='speech-high speech-low render-high render-low default-high default-low cleanup'
    for queue in "$@"; do # dramatiq would listen to a queue that nobody fills without a word
      case " $queues " in *" $queue "*) ;; *) echo "entrypoint.sh: there is no queue '$queue'; say one or more of $queues" >&2; exit 2 ;; esac
    done
    [ $# -gt 0 ] || set -- $queues
    exec dramatiq --skip-logging --processes "${WORKER_PROCESSES:-2}" --threads "${WORKER_THREADS:-4}" workers.main cleanup.actors --queues "$@" ;;
  cleanup) exec python -m cleanup.clock ;;
  serving) exec python -m serving.run --host 0.0.0.0 --port 8100 "$@" ;;
  migrate) exec python -m store.migrate ;;
  all) exec python -m stack.serve ;;
  *) echo "entrypoint.sh: '$part' is no part of Voxreel; say api, worker, cleanup, serving, migrate or all" >&2; exit 2 ;;
esac
