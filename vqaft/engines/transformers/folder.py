"""Model folders: what a local vision-language model must hold, checked without importing torch; and their download.

A folder is laid out as Hugging Face's libraries write it: `config.json`, safetensors weights, tokenizer, processor and
chat template. A folder with an adapter (`adapter_config.json`) points to the folder of its base model. The checks here
read JSON and the headers of the weights; `vqaft.engines.transformers.probe` then builds the model without its weights.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import struct
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from vqaft.errors import DataError, ServiceUnreachableError
from vqaft.filesystem import require_local
from vqaft.typed import typed

ABOUT_FILE = "vqaft.json"
"""Written beside an adapter: its base model, the base's fingerprint, and how images are prepared."""
ADAPTER_WEIGHTS = "adapter_model.safetensors"

_TEMPLATES = ("chat_template.jinja", "chat_template.json")
_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
_TOKENIZERS = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model", "tekken.json")
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_LICENSES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE")
_MAX_HEADER_BYTES = 100_000_000
_SAMPLES, _SAMPLE_BYTES = 16, 4096


@dataclass(frozen=True, kw_only=True)
@typed
class ModelFolder:
    """A folder that holds a whole model, or an adapter beside a whole base model.

    Attributes:
        base: Folder of the base model.
        adapter: Folder of the adapter; None where the base answers alone.
        fingerprint: SHA-256 over the base's configuration, the headers and sizes of its weights, and samples of them.
        license: The license that the base's folder states, e.g. "apache-2.0"; None where it states none.
    """

    base: Path
    adapter: Path | None = None
    fingerprint: str
    license: str | None = None

    @classmethod
    def open(cls, path: str | PathLike[str]) -> ModelFolder:
        """Check a folder.

        Args:
            path: The folder.

        Raises:
            DataError: If files are missing, cut short, pickled, or belong to another kind of model.
        """
        folder = require_local(path, purpose="a model").absolute()
        if not folder.is_dir():
            raise DataError("there is no such model folder", path=folder, hint=_not_there(str(path)))
        if (folder / "adapter_config.json").is_file():
            return _open_adapter(folder)
        _check_base(folder)
        return cls(base=folder, fingerprint=fingerprint(folder), license=_license(folder))


def _not_there(path: str) -> str:
    looks_like_hub = path.count("/") == 1 and not path.startswith((".", "/", "~"))
    if looks_like_hub:
        return "Download it first, or allow it with --allow-download and a revision: organization/name@commit"
    return "Name the folder that holds config.json"


def _open_adapter(folder: Path) -> ModelFolder:
    if not (folder / ADAPTER_WEIGHTS).is_file():
        raise DataError(f"the adapter has no {ADAPTER_WEIGHTS}", path=folder, hint="Save it as safetensors")
    read_header(folder / ADAPTER_WEIGHTS)
    about = read_json(folder / ABOUT_FILE) if (folder / ABOUT_FILE).is_file() else {}
    named = about.get("base") or read_json(folder / "adapter_config.json").get("base_model_name_or_path")
    if not named or not Path(str(named)).is_absolute():
        hint = "Set base_model_name_or_path in adapter_config.json to the folder's absolute path"
        raise DataError("the adapter does not name the folder of its base model", path=folder, hint=hint)
    base = ModelFolder.open(str(named))
    check_base_of(folder, base)
    return ModelFolder(base=base.base, adapter=folder, fingerprint=base.fingerprint, license=base.license)


def check_base_of(adapter: Path, base: ModelFolder) -> None:
    """Check that an adapter was trained on a base model.

    Args:
        adapter: Folder of the adapter.
        base: The base model.

    Raises:
        DataError: If it was trained on another one.
    """
    about = read_json(adapter / ABOUT_FILE) if (adapter / ABOUT_FILE).is_file() else {}
    trained_on = about.get("fingerprint")
    if trained_on is not None and trained_on != base.fingerprint:
        hint = f"Serve it with the base it was trained on: {about.get('base')}"
        raise DataError("the adapter was trained on another base model", path=adapter, hint=hint)


def _check_base(folder: Path) -> None:
    config = read_json(folder / "config.json")
    if not config.get("model_type"):
        raise DataError("config.json names no model_type", path=folder)
    _check_weights(folder)
    if not any((folder / name).is_file() for name in _TOKENIZERS):
        raise DataError("the tokenizer is missing", path=folder, hint=f"One of {', '.join(_TOKENIZERS)} is needed")
    if not any((folder / name).is_file() for name in _PROCESSORS):
        hint = f"One of {', '.join(_PROCESSORS)} is needed; a text model has none"
        raise DataError("the image processor is missing", path=folder, hint=hint)
    if not any("vision" in key or key.startswith(("vq", "image")) for key in config):
        raise DataError(f"{config['model_type']!r} is a text model: it has no vision part", path=folder)
    if not _has_template(folder):
        hint = "Copy chat_template.jinja from the model's page; base models that were never tuned for chat have none"
        raise DataError("the chat template is missing", path=folder, hint=hint)


def _check_weights(folder: Path) -> None:
    shards = weight_files(folder)
    if shards:
        for shard in shards:
            read_header(shard)
        return
    pickles = [entry.name for entry in folder.iterdir() if entry.suffix in _PICKLES]
    if pickles:
        hint = "Pickles can run code when they are loaded: convert the weights to safetensors"
        raise DataError(f"the weights are pickled ({pickles[0]})", path=folder, hint=hint)
    raise DataError("the weights are missing", path=folder, hint="model.safetensors, or its shards, are needed")


def weight_files(folder: Path) -> list[Path]:
    """Return the safetensors files of a model, in the order of their names.

    Args:
        folder: The model's folder.

    Raises:
        DataError: If the index names a file that is not there.
    """
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        single = folder / "model.safetensors"
        return [single] if single.is_file() else []
    names = sorted(set(read_json(index).get("weight_map", {}).values()))
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise DataError(f"{len(missing)} of {len(names)} weight files are missing, e.g. {missing[0]}", path=folder)
    return [folder / name for name in names]


def read_header(path: Path) -> dict[str, Any]:
    """Read the header of a safetensors file and compare it with the file's size.

    Args:
        path: The file.

    Returns:
        Tensor names with their type, shape and place.

    Raises:
        DataError: If the file is cut short or is not safetensors.
    """
    broken = DataError("the weights are damaged or cut short", path=path, hint="Copy or download the file again")
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size  # noqa: PLR2004 - the format's first field
        if length > min(size, _MAX_HEADER_BYTES):
            raise broken
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise broken from error
    tensors = {name: tensor for name, tensor in header.items() if name != "__metadata__"}
    end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
    if 8 + length + end != size:
        raise broken
    return tensors


def _has_template(folder: Path) -> bool:
    if any((folder / name).is_file() for name in _TEMPLATES):
        return True
    named = ("tokenizer_config.json", *_PROCESSORS)
    return any(read_json(folder / name).get("chat_template") for name in named if (folder / name).is_file())


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Args:
        path: The file.

    Raises:
        DataError: If it is missing or is not one.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError as error:
        raise DataError(f"{path.name} is missing", path=path.parent) from error
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name} cannot be read as JSON", path=path) from error
    if not isinstance(content, dict):
        raise DataError(f"{path.name} is not a JSON object", path=path)
    return content


def fingerprint(folder: Path) -> str:
    """Compute a fingerprint that distinguishes base models without reading all of its weights.

    Args:
        folder: The model's folder.

    Returns:
        SHA-256 in hexadecimal over config.json, and of each weight file its header, size and sixteen samples.
    """
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in weight_files(folder):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            for number in range(_SAMPLES):
                file.seek(number * max(0, size - _SAMPLE_BYTES) // (_SAMPLES - 1), os.SEEK_SET)
                digest.update(file.read(_SAMPLE_BYTES))
    return digest.hexdigest()


def _license(folder: Path) -> str | None:
    card = folder / "README.md"
    if card.is_file():
        for line in card.read_text(encoding="utf-8", errors="replace").splitlines()[:200]:
            key, colon, value = line.partition(":")
            if colon and key.strip() == "license" and value.strip():
                return value.strip().strip("'\"")
    for name in _LICENSES:
        if (folder / name).is_file():
            words = (folder / name).read_text(encoding="utf-8", errors="replace").split("\n")
            return next((line.strip() for line in words if line.strip()), None)
    return None


_HUB_ID = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})")
_FILES = ("*.safetensors", "*.json", "*.jinja", "*.model", "*.txt", "LICENSE*", "README.md")


def download_model(name: str) -> Path:
    """Download a model into the Hub's cache on this machine, or find it there.

    Args:
        name: Repository and commit: `Qwen/Qwen2.5-VL-3B-Instruct@<40 hexadecimal digits>`.

    Returns:
        Its folder.

    Raises:
        DataError: If the name holds no commit: a branch can change under an adapter that was trained on it.
        ServiceUnreachableError: If the Hub cannot be reached and the model is not in the cache.
    """
    found = _HUB_ID.fullmatch(name)
    if found is None:
        hint = "Name it as organization/name@commit, with the 40 digits of a commit."
        raise DataError(f"{name!r} names no commit of a model on the Hub", hint=hint)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError

    try:
        folder = snapshot_download(found["repository"], revision=found["commit"], allow_patterns=list(_FILES))
    except (OSError, LocalEntryNotFoundError, HfHubHTTPError) as error:
        first = next(iter(str(error).splitlines()), type(error).__name__)
        raise ServiceUnreachableError(f"{name} cannot be downloaded: {first}") from error
    return Path(folder)
