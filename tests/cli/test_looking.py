from __future__ import annotations

import json

from jobs import views
from tests.api.running import voices_server


def submit(cli, text):
    done = cli("say", text, "--detach")
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def test_jobs_are_listed_as_a_table_and_as_json(cli):
    first, second = submit(cli, "The first [bold]one[/bold]."), submit(cli, "The second one.")
    table = cli("jobs").stdout.decode()
    lines = [line for line in table.splitlines() if "one" in line]
    assert [line.split()[0] for line in lines] == [second, first]
    assert "[bold]one[/bold]" in lines[1]
    listed = json.loads(cli("jobs", "--json", "--limit", "1").stdout)
    assert [job["id"] for job in listed] == [second]
    assert json.loads(cli("jobs", "--status", "failed", "--json").stdout) == []


def test_a_job_left_alone_is_found_again_with_its_files(cli, worker, folder):
    job_id = submit(cli, "Hello.")
    done = cli("job", job_id, "--watch", "--save-to", "made")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "made").iterdir()) == [
        "speech.flac",
        "speech.mp3",
        "speech.opus",
        "speech.wav",
    ]
    assert "Wrote made/speech.flac (" in done.stderr
    assert "succeeded" in done.stdout.decode()
    assert json.loads(cli("job", job_id, "--json").stdout)["status"] == "succeeded"


def test_files_of_a_job_that_has_not_ended_are_not_there_yet(cli):
    done = cli("job", submit(cli, "Hello."), "--save-to", "made")
    assert done.returncode == 2
    assert "--watch" in done.stderr


def test_a_job_is_cancelled_by_its_id(cli, store):
    job_id = submit(cli, "Hello.")
    assert cli("cancel", job_id).returncode == 0
    assert views.get(store, job_id, None).status == "cancelled"
    assert cli("cancel", job_id).returncode == 0


def test_a_job_that_does_not_exist_exits_with_2(cli):
    for command in ("job", "cancel"):
        done = cli(command, "../../healthz")
        assert done.returncode == 2
        assert "(" in done.stderr
    assert "`voxreel jobs` lists yours. (job_not_found)" in cli("job", "nope").stderr


def test_voices_are_listed_or_serving_is_told_to_be_away(cli, server, monkeypatch):
    away = cli("voices")
    assert away.returncode == 3
    assert "(serving_unavailable" in away.stderr
    server.stop()
    with voices_server({"en_male": "en", "vi_female": "vi"}) as url:
        monkeypatch.setitem(server.environment, "VOXREEL_SERVING_URL", url)
        server.start()
        table = cli("voices").stdout.decode()
        assert [line.split() for line in table.splitlines()[1:]] == [["en_male", "en"], ["vi_female", "vi"]]
        assert json.loads(cli("voices", "--json").stdout)["checkpoint"]["rate"] == 24000
        unknown = cli("say", "Hello.", "--voice", "nobody")
        assert unknown.returncode == 2
        assert unknown.stderr.count("vi_female") == 1


class TestTheKey:
    def test_the_key_of_the_data_folder_opens_the_server_of_this_machine(self, cli, key, tmp_path):
        own = tmp_path / "own"
        own.mkdir()
        (own / "admin.key").write_text(key + "\n")
        assert cli("jobs", VOXREEL_API_KEY="").returncode == 0

    def test_it_is_not_sent_to_another_machine(self, cli, key, tmp_path):
        own = tmp_path / "own"
        own.mkdir()
        (own / "admin.key").write_text(key)
        done = cli("jobs", VOXREEL_API_KEY="", VOXREEL_URL="http://192.0.2.1:8000")
        assert done.returncode == 2
        assert "VOXREEL_API_KEY" in done.stderr

    def test_without_any_key_the_user_learns_how_to_get_one(self, cli):
        done = cli("jobs", VOXREEL_API_KEY="")
        assert done.returncode == 2
        assert "voxreel keys create" in done.stderr

    def test_keys_are_made_listed_and_revoked(self, cli, settings):
        database = {"DATABASE_URL": settings.database_url}
        made = cli("keys", "create", "carol", "--admin", **database)
        secret = made.stdout.decode().strip()
        assert cli("jobs", VOXREEL_API_KEY=secret).returncode == 0
        listed = json.loads(cli("keys", "list", "--json", **database).stdout)
        carol = next(key for key in listed if key["name"] == "carol")
        assert (carol["role"], carol["revoked"]) == ("admin", False)
        assert secret not in cli("keys", "list", **database).stdout.decode()
        assert cli("keys", "revoke", str(carol["id"]), **database).returncode == 0
        assert cli("jobs", VOXREEL_API_KEY=secret).returncode == 2
        assert cli("keys", "revoke", str(carol["id"]), **database).returncode == 2

    def test_wrong_settings_are_named(self, cli):
        done = cli("keys", "list", VOXREEL_API_PORT="many", DATABASE_URL="")
        assert done.returncode == 2
        assert "VOXREEL_API_PORT" in done.stderr


def test_help_tells_the_exit_codes_and_every_command(cli):
    told = cli("--help").stdout.decode()
    for word in ("say", "video", "jobs", "job", "cancel", "voices", "serve", "keys", "130"):
        assert word in told
    assert "succeeded, failed" in " ".join(cli("jobs", "--help", COLUMNS="80").stdout.decode().replace("│", " ").split())
    assert cli("--version").stdout.decode().startswith("voxreel ")
