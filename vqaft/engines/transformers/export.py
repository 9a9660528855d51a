"""Export of trained models to other servers: the adapter as it is, or base and adapter merged into one folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from os import PathLike
from pathlib import Path

from vqaft.durable import write_atomically
from vqaft.engines.transformers.folder import ABOUT_FILE, ModelFolder, read_json
from vqaft.engines.transformers.launch import rank_environment
from vqaft.engines.transformers.loading import load_base, load_processor
from vqaft.errors import DataError, StateError
from vqaft.filesystem import require_local
from vqaft.typed import typed_call

_LEFT_BEHIND = {"task.json", "training.log"}


@typed_call
def export_model(
    model: str | PathLike[str] | ModelFolder, target: str | PathLike[str], *, merged: bool = False
) -> Path:
    """Write a trained model where another server can load it from.

    Args:
        model: Folder of the trained model.
        target: The folder to write; it must not exist, or be empty.
        merged: Write base and adapter as one whole model, which every server loads, instead of the adapter, which
            names its base by an absolute path.

    Returns:
        The folder.

    Raises:
        DataError: If the model is broken or the target is not empty.
        StateError: If merging fails.
    """
    found = model if isinstance(model, ModelFolder) else ModelFolder.open(model)
    place = require_local(target, purpose="a model").absolute()
    if place.exists() and (not place.is_dir() or any(place.iterdir())):
        raise DataError("the target is not an empty folder", path=place)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as made:
        whole = Path(made) / "model"
        if merged and found.adapter is not None:
            _merge_apart(found, whole)
            if (found.adapter / ABOUT_FILE).is_file():
                about = {**read_json(found.adapter / ABOUT_FILE), "kind": "merged"}
                write_atomically(whole / ABOUT_FILE, json.dumps(about, indent=2).encode() + b"\n")
        else:
            _copy(found.adapter or found.base, whole)
        if place.exists():
            place.rmdir()
        whole.rename(place)
    return place


def _copy(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        if path.is_file() and path.name not in _LEFT_BEHIND:
            shutil.copyfile(path, target / path.name)


def _merge_apart(model: ModelFolder, target: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "vqaft.engines.transformers.export",
        str(model.base),
        str(model.adapter),
        str(target),
    ]
    environment = {**os.environ, **rank_environment(1)}
    done = subprocess.run(  # noqa: S603 - our own module, by this interpreter
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False
    )
    if done.returncode:
        words = " ".join(done.stderr.strip().splitlines()[-1:])
        raise StateError(f"the adapter could not be merged: {words}", path=model.adapter)


def merge(base: Path, adapter: Path, target: Path) -> None:
    """Add an adapter to the weights of its base, in the base's own number format, and store the whole model.

    Args:
        base: Folder of the base model.
        adapter: Folder of the adapter.
        target: Folder to write.
    """
    from peft import PeftModel

    model = PeftModel.from_pretrained(load_base(base, dtype="auto"), str(adapter), local_files_only=True)
    model.merge_and_unload().save_pretrained(str(target))
    load_processor(base).save_pretrained(str(target))


if __name__ == "__main__":
    merge(*(Path(argument) for argument in sys.argv[1:4]))
