# Voxreel. `make demo` and `make test` need nothing but Python 3.11 or newer and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOC ?= examples/viet-nam.md
# The teachers and judges of voices have a virtual environment of their own: their packages are no part of the product.
VOICE_VENV := .venv-voice
VOICE_READY := $(VOICE_VENV)/.ready
VOICE ?= voices/sample
# How large a voice to train, and where to.
SIZE ?= cpu
TO ?= voices/mine

.PHONY: help demo serve test fuzz lint format bench-video bench-speech bench-replicas bench-gpu profile voice voice-eval clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 18

$(READY): requirements.txt constraints.txt setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Voxreel needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Name another: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu it is the package python3-venv."; exit 1; }
	@echo "Installing what Voxreel needs into $(VENV) (a few minutes, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

$(VOICE_READY): voices/training/requirements.txt constraints.txt
	@$(PYTHON) -m venv $(VOICE_VENV) || { echo "Python's venv module is missing. On Debian and Ubuntu it is the package python3-venv."; exit 1; }
	@echo "Installing what training and judging a voice takes into $(VOICE_VENV) (a few minutes, once) ..."
	@$(VOICE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r voices/training/requirements.txt -c constraints.txt
	@$(VOICE_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps resemblyzer==0.1.4
	@touch $(VOICE_READY)

demo: $(READY) ## make a film of examples/viet-nam.md (or DOC=...), from nothing to demo/demo.mp4
	@$(BIN)/python -m cli.demo "$(DOC)" demo

serve: $(READY) ## keep the whole stack up on the loopback
	@$(BIN)/python -m stack.serve

test: $(READY) ## all tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

fuzz: $(READY) ## the property tests, twenty times over with fresh examples
	@for round in $$(seq 20); do $(BIN)/python -m pytest -q -x --hypothesis-seed=random \
	  tests/speech/test_normalise.py tests/speech/test_passages.py tests/speech/test_joining.py tests/documents/test_markdown.py \
	  tests/jobs/test_any_order.py tests/serving/test_any_mix.py tests/serving/test_any_mix_of_speech.py \
	  tests/serving/test_turns.py tests/subtitles || exit 1; done

lint: $(READY) ## ruff, mypy, and who may import whom
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## put the code into the house's form
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench-video: $(READY) ## CPU seconds per second of film, ours and moviepy's
	@$(BIN)/python -m benchmarks.video

bench-speech: $(READY) ## speech on this CPU, ours beside f5-tts, 1 to 16 clients (half an hour or so)
	@$(BIN)/python -m benchmarks.speech

bench-replicas: $(READY) ## what a second replica on a second core brings, over HTTP
	@$(BIN)/python -m benchmarks.replicas

bench-gpu: $(READY) ## speech on a GPU, 1 to 128 clients; runs on a bare machine too: docs/performance.md
	@$(BIN)/python benchmarks/gpu.py

profile: $(READY) ## the most expensive operations while speaking
	@$(BIN)/python -m benchmarks.profile

voice: $(READY) $(VOICE_READY) ## train the bundled voice anew (SIZE=cpu or gpu, TO=folder); goes on where it was stopped
	@$(VOICE_VENV)/bin/python -m voices.training.speech --size $(SIZE)
	@$(BIN)/python -m voices.training --size $(SIZE) --to "$(TO)"
	@$(VOICE_VENV)/bin/python -m voices.training.plot --size $(SIZE) --to "$(TO)"
	@echo "The voice lies in $(TO). Judge it with: make voice-eval VOICE=\"$(TO)\""

voice-eval: $(VOICE_READY) ## judge voices/sample (or VOICE=...) beside its teachers; EVAL_ARGS="--steps 5,7,10,16" compares steps
	@$(VOICE_VENV)/bin/python -m voices.training.evaluation "$(VOICE)" $(EVAL_ARGS)

clean: ## remove what was installed, made and cached here
	rm -rf $(VENV) $(VOICE_VENV) .voxreel demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
