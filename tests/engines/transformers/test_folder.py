"""Broken model folders are refused with what is wrong and what to do, before anything heavy is loaded."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.engines.transformers.conftest import write_weights
from vqaft.cli.app import app
from vqaft.engines import ModelFolder, TransformersEngine, download_model
from vqaft.errors import DataError, MissingExtraError, ServiceUnreachableError
from vqaft.server import parse_models


def test_a_whole_folder_is_accepted(plain_folder: Path) -> None:
    found = ModelFolder.open(plain_folder)
    assert found.base == plain_folder
    assert found.adapter is None
    assert found.license == "apache-2.0"
    assert len(found.fingerprint) == 64


def _unlink(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def _pickled(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")


def _cut(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[:-1])


def _garbage(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0not a JSON header")


def _text_model(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))


def _missing_shard(folder: Path) -> None:
    index = {"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_unlink("config.json"), "config.json is missing"),
        (lambda folder: (folder / "config.json").write_text("["), "cannot be read as JSON"),
        (lambda folder: (folder / "config.json").write_text("[1]"), "not a JSON object"),
        (lambda folder: (folder / "config.json").write_text("{}"), "names no model_type"),
        (_unlink("model.safetensors"), "weights are missing"),
        (_pickled, "pickled"),
        (_cut, "damaged or cut short"),
        (_garbage, "damaged or cut short"),
        (_missing_shard, "1 of 2 weight files are missing, e.g. model-2.safetensors"),
        (_unlink("tokenizer.json"), "tokenizer is missing"),
        (_unlink("processor_config.json"), "image processor is missing"),
        (_unlink("chat_template.jinja"), "chat template is missing"),
        (_text_model, "'llama' is a text model"),
    ],
)
def test_a_broken_folder_is_refused(plain_folder: Path, damage: Callable[[Path], object], words: str) -> None:
    damage(plain_folder)
    with pytest.raises(DataError, match=words) as caught:
        ModelFolder.open(plain_folder)
    assert str(plain_folder) in str(caught.value)


def test_a_chat_template_may_stand_in_the_tokenizer(plain_folder: Path) -> None:
    (plain_folder / "chat_template.jinja").unlink()
    (plain_folder / "tokenizer_config.json").write_text(json.dumps({"chat_template": "{{ messages }}"}))
    assert ModelFolder.open(plain_folder).base == plain_folder


@pytest.mark.parametrize(
    ("name", "words"), [("Qwen/Qwen2.5-VL-3B-Instruct", "--allow-download"), ("./x", "config.json")]
)
def test_what_is_not_a_folder_is_explained(
    name: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=words):
        ModelFolder.open(name)


def test_the_fingerprint_tells_weights_apart_that_have_the_same_shapes(plain_folder: Path) -> None:
    before = ModelFolder.open(plain_folder).fingerprint
    content = bytearray((plain_folder / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (plain_folder / "model.safetensors").write_bytes(bytes(content))
    assert ModelFolder.open(plain_folder).fingerprint != before


def _adapter(folder: Path, base: Path, fingerprint: str | None) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": str(base)}))
    write_weights(folder / "adapter_model.safetensors", {"lora_A": (2, 2)})
    if fingerprint is not None:
        (folder / "vqaft.json").write_text(json.dumps({"base": str(base), "fingerprint": fingerprint}))
    return folder


def test_an_adapter_brings_its_base(plain_folder: Path, tmp_path: Path) -> None:
    base = ModelFolder.open(plain_folder)
    found = ModelFolder.open(_adapter(tmp_path / "adapter", plain_folder, base.fingerprint))
    assert (found.base, found.adapter) == (plain_folder, tmp_path / "adapter")


def test_an_adapter_of_another_base_is_refused(plain_folder: Path, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "adapter", plain_folder, "0" * 64)
    with pytest.raises(DataError, match="trained on another base model"):
        ModelFolder.open(adapter)


def test_an_adapter_must_name_its_base_by_an_absolute_path(plain_folder: Path, tmp_path: Path) -> None:
    adapter = _adapter(tmp_path / "adapter", Path("relative"), None)
    with pytest.raises(DataError, match="does not name the folder of its base"):
        ModelFolder.open(adapter)
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no adapter_model\.safetensors"):
        ModelFolder.open(adapter)


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_a_missing_extra_is_named(plain_folder: Path) -> None:
    with pytest.raises(MissingExtraError, match=r"vqaft\[transformers\]"):
        TransformersEngine(plain_folder)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["qwen"], "is not name=folder"),
        (["a=/x", "a=/y"], "given twice"),
        (["Qwen/Qwen2.5=/x"], "no slash"),
        (["embedded-vqa=/x"], "one of the server's own"),
    ],
)
def test_a_models_name_must_fit_into_names_and_addresses(given: list[str], words: str) -> None:
    with pytest.raises(DataError, match=words):
        parse_models(given)


def test_the_command_line_says_what_is_wrong_with_a_folder(plain_folder: Path, tmp_path: Path) -> None:
    (plain_folder / "tokenizer.json").unlink()
    result = CliRunner().invoke(app, ["serve", "--folder", str(tmp_path / "s"), "--model", f"qwen={plain_folder}"])
    assert isinstance(result.exception, DataError)
    assert "the tokenizer is missing" in str(result.exception)


@pytest.mark.parametrize("name", ["Qwen/Qwen2.5-VL-3B-Instruct", "Qwen/Qwen2.5-VL-3B-Instruct@main", "x@" + "0" * 40])
def test_a_download_needs_a_commit(name: str) -> None:
    with pytest.raises(DataError, match="names no commit"):
        download_model(name)


def test_a_download_that_cannot_be_made_is_the_services_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ServiceUnreachableError, match="cannot be downloaded"):
        download_model("organization/model@" + "0" * 40)
