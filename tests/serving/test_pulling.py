"""`voxreel models` against a hub on the loopback that serves small checkpoints in published layouts."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
import yaml

import cli
import settings
from serving.checkpoints import presets, trial
from serving.checkpoints.presets import ARCHITECTURES, PRESETS, VOCODER_FILES, VOCODER_REPO
from serving.errors import CheckpointError

from . import published
from .conftest import SAMPLE
from .fake_hub import COMMIT, Hub, fake_hub

Voxreel = Callable[..., subprocess.CompletedProcess[str]]

TOKEN = "hf_secretsecretsecret"
#: Which release of published.py has the layout of which preset, and what the weights are called in the repository.
LAYOUTS = {
    "f5tts-v1-base": ("v1", "F5TTS_v1_Base/model_1250000.safetensors"),
    "f5tts-base": ("v1", "F5TTS_Base/model_1200000.safetensors"),
    "vivoice": ("vivoice", "model_last.pt"),
    "erax": ("erax", "models/model_48000.safetensors"),
}


@pytest.fixture(scope="session")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of small releases. Training left more beside the weights of `vivoice` than one chunk of a download holds."""
    root = tmp_path_factory.mktemp("releases")
    for name in ("v1", "vivoice", "erax"):
        release = published.RELEASES[name]
        if name == "vivoice":
            state = {"optimizer_state_dict": {"state": {0: {"exp_avg": torch.randn(6_000_000)}}}}
            release = dataclasses.replace(release, beside=state)
        published.write_release(root / name, release)
    return root


@pytest.fixture
def hub(releases: Path) -> Iterator[Hub]:
    with fake_hub() as hub:
        hub.publish(VOCODER_REPO, releases / "v1" / "vocos", {name: name for name in VOCODER_FILES})
        for name, (release, weights) in LAYOUTS.items():
            files = {weights: published.RELEASES[release].file}
            files[PRESETS[name].vocabulary] = published.RELEASES[release].vocabulary
            hub.publish(PRESETS[name].repo, releases / release, files)
        hub.files["erax-ai/EraX-Smile-UnixSex-F5"]["models/model_9000.safetensors"] = b"an older one"
        yield hub


@pytest.fixture
def environment(hub: Hub, tmp_path: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("VOXREEL_", "HF_", "HUGGING"))}
    own = {
        "VOXREEL_DATA_DIR": str(tmp_path / "data"),
        "VOXREEL_DEVICE": "cpu",
        "HOME": str(tmp_path),
        "HF_ENDPOINT": hub.url,
        "PYTHONPATH": str(settings.ROOT),
        "OMP_NUM_THREADS": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    return {**kept, **own}


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    return tmp_path / "data" / "models"


@pytest.fixture
def voxreel(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Voxreel:
    """Runs `voxreel models ...` in this process, which has torch; the environment can be added to."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        out, err, code = io.StringIO(), io.StringIO(), 0
        with monkeypatch.context() as context, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            for name in [name for name in os.environ if name not in environment]:
                context.delenv(name)
            for name, value in {**environment, **more}.items():
                context.setenv(name, value)
            context.setattr(sys, "argv", ["voxreel", "models", *words])
            context.chdir(tmp_path)
            settings.get.cache_clear()
            try:
                cli.main()
            except SystemExit as end:
                code = int(end.code or 0)
        settings.get.cache_clear()
        return subprocess.CompletedProcess(words, code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def process(environment: dict[str, str], tmp_path: Path) -> Voxreel:
    """Runs `voxreel models ...` as its own process."""

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "cli", "models", *words]
        return subprocess.run(
            command, cwd=tmp_path, env={**environment, **more}, capture_output=True, text=True, timeout=120, check=False
        )

    return run


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Somebody's recording, at another rate, in stereo, as FLAC."""
    samples, rate = soundfile.read(SAMPLE / "references" / "vi_female.wav", dtype="float32")
    faster = np.interp(np.arange(0, len(samples), rate / 44_100), np.arange(len(samples)), samples)
    path = tmp_path / "My Aunt.flac"
    soundfile.write(path, np.stack([faster, faster], axis=1), 44_100)
    return path


def said(recording: Path) -> tuple[str, ...]:
    text = json.loads((SAMPLE / "references" / "vi_female.json").read_text(encoding="utf-8"))["text"]
    return ("--voice", str(recording), "--text", text, "--language", "vi")


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_pulled_given_a_voice_and_speaks(
    voxreel: Voxreel, hub: Hub, models_dir: Path, releases: Path, recording: Path, name: str
) -> None:
    done = voxreel("pull", name, *said(recording))
    assert done.returncode == 0, done.stderr
    folder = models_dir / name
    assert done.stdout == f"{folder}\n"
    assert f"Licence of {PRESETS[name].repo}: {PRESETS[name].licence}" in done.stderr
    assert "NC: neither" in done.stderr
    config = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert config["arch"] == ARCHITECTURES[PRESETS[name].architecture]
    assert config["lowercase"] is PRESETS[name].lowercase
    release, weights = LAYOUTS[name]
    written = (folder / weights.rpartition("/")[2]).read_bytes()
    assert written == (releases / release / published.RELEASES[release].file).read_bytes()
    assert config["source"]["sha256"] == hashlib.sha256(written).hexdigest()
    assert config["source"]["revision"] == COMMIT
    assert not list(models_dir.rglob("*.part"))
    checked = voxreel("check", name, "--json")
    assert checked.returncode == 0, checked.stderr
    report = json.loads(checked.stdout)
    assert report["fits"] is True
    assert report["shape"]["depth"] == published.RELEASES[release].depth
    [heard] = report["voices"]
    assert heard["voice"] == "my_aunt"
    assert heard["seconds"] > 0.3
    assert heard["level"] > 1e-3


def test_a_checkpoint_without_a_voice_says_how_to_add_one(voxreel: Voxreel, models_dir: Path, recording: Path) -> None:
    done = voxreel("pull", "f5tts-v1-base")
    assert done.returncode == 0, done.stderr
    assert str(models_dir / "f5tts-v1-base" / "references") in done.stderr
    assert "voxreel models pull f5tts-v1-base --voice" in done.stderr
    checked = voxreel("check", "f5tts-v1-base")
    assert checked.returncode == 1
    assert "references" in checked.stderr
    again = voxreel("pull", "f5tts-v1-base", *said(recording))
    assert again.returncode == 0, again.stderr
    assert "is there already" in again.stderr
    assert voxreel("check", "f5tts-v1-base").returncode == 0
    taken = voxreel("pull", "f5tts-v1-base", *said(recording))
    assert taken.returncode == 2
    assert "my_aunt is there already" in taken.stderr


def test_a_whole_checkpoint_is_pulled_and_checked_by_processes_of_their_own(process: Voxreel, recording: Path) -> None:
    assert process("pull", "erax", *said(recording)).returncode == 0
    checked = process("check", "erax")
    assert checked.returncode == 0, checked.stderr
    assert "depth 2, dim 64" in checked.stdout
    assert "my_aunt" in checked.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--voice", "x.wav"), "all three"),
        (("--text", "hello"), "all three"),
        (("--voice", "x.wav", "--text", "hello"), "all three"),
        (("--voice", "x.wav", "--text", "hello", "--language", "en"), "no recording x.wav"),
        (("--architecture", "v0"), "says already what it is"),
    ],
)
def test_words_that_do_not_go_together_are_told_before_anything_is_pulled(
    voxreel: Voxreel, models_dir: Path, words: tuple[str, ...], told: str
) -> None:
    done = voxreel("pull", "erax", *words)
    assert done.returncode == 2
    assert told in done.stderr
    assert not models_dir.exists()


def test_a_recording_that_can_be_no_voice_is_refused_before_anything_is_pulled(
    voxreel: Voxreel, hub: Hub, models_dir: Path, recording: Path
) -> None:
    soundfile.write(recording, np.zeros(44_100), 44_100)
    done = voxreel("pull", "erax", *said(recording))
    assert done.returncode == 2
    assert "my_aunt is silent" in done.stderr
    assert not models_dir.exists()
    assert not hub.requests


def test_what_a_pull_of_another_version_left_gets_into_no_checkpoint(voxreel: Voxreel, models_dir: Path) -> None:
    left = models_dir / ".pulling" / "erax"
    left.mkdir(parents=True)
    for name in ("model_9000.safetensors", "model_9000.safetensors.0123456789abcdef.part"):
        (left / name).write_bytes(b"an older one")
    assert voxreel("pull", "erax").returncode == 0
    found = {path.name for path in (models_dir / "erax").iterdir()}
    assert found == {"config.yaml", "model_48000.safetensors", "vocab.txt", "vocos-mel-24khz", "references"}


def test_the_list_tells_what_is_here_and_what_can_be_pulled(voxreel: Voxreel, models_dir: Path, recording: Path) -> None:
    voxreel("pull", "erax", *said(recording))
    (models_dir / "broken").mkdir()
    (models_dir / "broken" / "config.yaml").write_text("text_layout: spiral")
    (models_dir / "mine").mkdir()
    (models_dir / "mine" / "config.yaml").write_text("{text_layout: aligned, name: erax}")
    found = {entry["name"]: entry for entry in json.loads(voxreel("list", "--json").stdout)}
    assert set(found) == {"sample", "broken", "mine", *PRESETS}, "by the names that requests and `check` know them by"
    assert found["sample"]["default"] is True
    assert found["sample"]["layout"] == "aligned"
    assert found["erax"]["voices"] == ["my_aunt"]
    assert found["erax"]["folder"] == str(models_dir / "erax")
    assert found["erax"]["bytes"] == sum(path.stat().st_size for path in (models_dir / "erax").rglob("*") if path.is_file())
    assert found["broken"]["problem"] == "checkpoint_config"
    assert found["vivoice"]["folder"] is None
    assert found["vivoice"]["licence"] == "CC-BY-NC-SA-4.0"
    table = voxreel("list", VOXREEL_CHECKPOINT=str(models_dir / "erax")).stdout
    assert [line.split()[:2] for line in table.splitlines() if "my_aunt" in line] == [["erax", "default"]]


def test_any_repository_can_be_pulled(voxreel: Voxreel, hub: Hub, models_dir: Path, releases: Path) -> None:
    hub.publish("Ann/My-F5", releases / "vivoice", {"ckpts/best.pt": "model_last.pt", "ckpts/vocab.txt": "config.json"})
    unsaid = voxreel("pull", "Ann/My-F5")
    assert unsaid.returncode == 2
    assert "--architecture" in unsaid.stderr
    done = voxreel("pull", "Ann/My-F5", "--architecture", "v0", "--lowercase", "--no-ema", "--revision", COMMIT)
    assert done.returncode == 0, done.stderr
    assert "Licence of Ann/My-F5: cc-by-nc-4.0" in done.stderr
    config = yaml.safe_load((models_dir / "my-f5" / "config.yaml").read_text())
    assert (config["model"], config["lowercase"], config["use_ema"]) == ("best.pt", True, False)
    assert (models_dir / "my-f5" / "vocab.txt").is_file()


def test_a_file_that_is_not_told_is_asked_for_with_what_there_is(voxreel: Voxreel, hub: Hub, releases: Path) -> None:
    hub.publish("ann/two", releases / "v1", {"a.safetensors": "vocab.txt", "b.safetensors": "vocab.txt"})
    several = voxreel("pull", "ann/two", "--architecture", "v1")
    assert several.returncode == 2
    assert "a.safetensors, b.safetensors" in several.stderr
    assert "--weights" in several.stderr
    absent = voxreel("pull", "ann/two", "--architecture", "v1", "--weights", "c.safetensors")
    assert absent.returncode == 2
    assert "has no file c.safetensors" in absent.stderr


class TestADownload:
    def test_that_breaks_off_goes_on_by_itself(self, voxreel: Voxreel, hub: Hub, models_dir: Path) -> None:
        hub.break_after = 12_000_000
        done = voxreel("pull", "vivoice")
        assert done.returncode == 0, done.stderr
        first, second = hub.asked("/store/hynt")
        assert "range" not in first
        assert second["range"] == f"bytes={10 * 1024 * 1024}-"
        assert (models_dir / "vivoice" / "config.yaml").is_file()

    def test_that_was_killed_goes_on_at_the_next_pull(
        self, voxreel: Voxreel, hub: Hub, environment: dict[str, str], models_dir: Path
    ) -> None:
        hub.stall_after = 12_000_000
        running = subprocess.Popen(
            [sys.executable, "-m", "cli", "models", "pull", "vivoice"], env=environment, stderr=subprocess.PIPE
        )
        try:
            _wait_for(lambda: any(path.stat().st_size >= 10_000_000 for path in models_dir.rglob("*.part")), running)
            other = voxreel("pull", "vivoice")
            assert other.returncode == 3
            assert "pull_runs" in other.stderr
        finally:
            running.kill()
            running.communicate()
        assert not (models_dir / "vivoice").exists(), "half a download is no model"
        listed = json.loads(voxreel("list", "--json").stdout)
        assert [entry["folder"] for entry in listed if entry["name"] == "vivoice"] == [None]
        hub.stall_after = None
        done = voxreel("pull", "vivoice")
        assert done.returncode == 0, done.stderr
        assert hub.asked("/store/hynt")[-1]["range"].startswith("bytes=1")
        assert (models_dir / "vivoice" / "model_last.pt").read_bytes() == hub.files[PRESETS["vivoice"].repo]["model_last.pt"]

    def test_with_another_content_than_promised_is_thrown_away(self, voxreel: Voxreel, hub: Hub, models_dir: Path) -> None:
        hub.tampered = {"F5TTS_v1_Base/model_1250000.safetensors"}
        done = voxreel("pull", "f5tts-v1-base")
        assert done.returncode == 3
        assert "hub_corrupt" in done.stderr
        assert not (models_dir / "f5tts-v1-base").exists()
        assert not list(models_dir.rglob("*.part"))
        assert not list(models_dir.rglob("*.safetensors"))
        hub.tampered = set()
        assert voxreel("pull", "f5tts-v1-base").returncode == 0

    def test_of_a_repository_that_is_gated_says_what_to_do_about_the_token(self, voxreel: Voxreel, hub: Hub) -> None:
        hub.refused["hynt/F5-TTS-Vietnamese-ViVoice"] = (401, "GatedRepo")
        done = voxreel("pull", "vivoice")
        assert done.returncode == 2
        assert "gated" in done.stderr
        assert "set HF_TOKEN" in done.stderr
        assert f"{hub.url}/hynt/F5-TTS-Vietnamese-ViVoice" in done.stderr

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (("nobody/nothing", "--architecture", "v1"), "nobody/nothing does not exist, or is not public"),
            (("f5tts-v2",), "no preset 'f5tts-v2'"),
            (("hynt/F5-TTS-Vietnamese-ViVoice", "--architecture", "v0", "--revision", "next"), "has no revision next"),
            (("a/b/c",), "owner/name"),
            (("owner/", "--architecture", "v1"), "owner/name"),
            (("owner/..", "--architecture", "v1"), "owner/name"),
        ],
    )
    def test_of_what_is_not_there_says_so(self, voxreel: Voxreel, words: tuple[str, ...], told: str) -> None:
        done = voxreel("pull", *words)
        assert done.returncode == 2
        assert told in done.stderr
        assert "Traceback" not in done.stderr

    def test_of_a_file_that_was_renamed_lists_what_there_is(self, voxreel: Voxreel, hub: Hub) -> None:
        files = hub.files["SWivid/F5-TTS"]
        files["F5TTS_v1_Base/model_2.safetensors"] = files.pop("F5TTS_v1_Base/model_1250000.safetensors")
        done = voxreel("pull", "f5tts-v1-base")
        assert done.returncode == 2
        assert "hub_not_found" in done.stderr
        assert "F5TTS_v1_Base/model_2.safetensors" in done.stderr

    def test_from_where_nobody_answers_says_so(self, voxreel: Voxreel) -> None:
        done = voxreel("pull", "erax", HF_ENDPOINT="http://127.0.0.1:9")
        assert done.returncode == 3
        assert "http://127.0.0.1:9 cannot be reached" in done.stderr

    def test_shows_its_token_to_the_hub_alone_and_to_no_reader(self, process: Voxreel, hub: Hub) -> None:
        done = process("pull", "erax", HF_TOKEN=TOKEN)
        assert done.returncode == 0, done.stderr
        assert {request.get("authorization") for request in hub.asked("/resolve/")} == {f"Bearer {TOKEN}"}
        assert {request.get("authorization") for request in hub.asked("/store/")} == {None}
        hub.refused["hynt/F5-TTS-Vietnamese-ViVoice"] = (403, "GatedRepo")
        refused = process("pull", "vivoice", HF_TOKEN=TOKEN)
        assert "HF_TOKEN" in refused.stderr
        for output in (done.stdout, done.stderr, refused.stderr):
            assert TOKEN not in output
            assert "s3cret" not in output


def test_the_checkpoint_that_serving_loads_is_checked_by_the_name_in_the_list_too(voxreel: Voxreel) -> None:
    assert "sample" in voxreel("list").stdout
    done = voxreel("check", "sample")
    assert done.returncode == 0, done.stderr
    assert "vi_female" in done.stdout


class TestACheck:
    @pytest.fixture
    def folder(self, models_dir: Path) -> Path:
        return published.write_release(models_dir / "mine", published.RELEASES["v1"])

    def test_of_weights_that_changed_since_they_were_pulled(self, voxreel: Voxreel, models_dir: Path, recording: Path) -> None:
        voxreel("pull", "erax", *said(recording))
        path = models_dir / "erax" / "model_48000.safetensors"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        done = voxreel("check", "erax")
        assert done.returncode == 1
        assert "is not the file that was pulled" in done.stderr

    def test_of_a_checkpoint_that_does_not_fit_ends_with_the_sentence(self, voxreel: Voxreel, folder: Path) -> None:
        with (folder / "vocab.txt").open("a", encoding="utf-8") as file:
            file.write("€\n")
        done = voxreel("check", "mine")
        assert done.returncode == 1
        assert "checkpoint_mismatch" in done.stderr
        assert "Traceback" not in done.stderr

    def test_of_a_model_that_is_silent(self, voxreel: Voxreel, folder: Path) -> None:
        path = folder / "vocos" / "pytorch_model.bin"
        vocoder = torch.load(path, weights_only=True)
        vocoder["head.out.weight"] = torch.zeros_like(vocoder["head.out.weight"])
        vocoder["head.out.bias"] = torch.full_like(vocoder["head.out.bias"], -20.0)
        torch.save(vocoder, path)
        done = voxreel("check", str(folder))
        assert done.returncode == 1
        assert "It is silent" in done.stderr

    def test_of_a_model_of_the_other_generation(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        sha256 = hashlib.sha256((folder / "model_1250000.safetensors").read_bytes()).hexdigest()
        known = dataclasses.replace(presets.PRESETS["f5tts-base"], sha256=sha256)
        monkeypatch.setitem(presets.PRESETS, "f5tts-base", known)
        with pytest.raises(CheckpointError, match="is a v0 model") as error:
            trial.examine(folder, torch.device("cpu"))
        assert "text_mask_padding: False, pe_attn_head: 1" in error.value.message

    def test_of_nothing(self, voxreel: Voxreel) -> None:
        done = voxreel("check", "nowhere")
        assert done.returncode == 2
        assert "voxreel models list" in done.stderr


def test_the_command_line_starts_without_torch_and_lists_without_it(environment: dict[str, str]) -> None:
    heavy = "[m for m in ('torch', 'ray', 'huggingface_hub', 'f5_tts', 'soundfile') if m in sys.modules]"
    program = (
        "import sys, cli; from pathlib import Path; "
        f"assert not {heavy}, {heavy}; from serving.checkpoints import inventory; inventory.entries(Path('m'), Path('c')); "
        f"assert not {heavy}, {heavy}"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def _wait_for(happened: Callable[[], bool], process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline
        time.sleep(0.02)
