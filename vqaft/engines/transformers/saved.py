"""Files of a trained model: which of a trainer's files are kept, and what is written beside them."""

from __future__ import annotations

import json
import os
import shutil
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vqaft.durable import write_atomically
from vqaft.engines.transformers.folder import ABOUT_FILE, read_json
from vqaft.engines.transformers.task import Task

KEPT_EPOCHS = 3
"""Epochs, the last ones, whose models are kept."""

# Pickles, which could run code where they are loaded, and the model card, which names the trainer's folder.
_LEFT_OUT = {"optimizer.pt", "scheduler.pt", "trainer_state.json", "training_args.bin", "README.md", "complete"}
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate")


def take_model_files(source: Path, target: Path) -> None:
    """Link the model's files of a trainer's folder into another folder; they are copied where links are not possible.

    Args:
        source: The trainer's folder.
        target: Where to; made if it is not there.
    """
    target.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        if path.is_dir() or path.name in _LEFT_OUT or path.name.startswith("rng_state"):
            continue
        (target / path.name).unlink(missing_ok=True)
        try:
            os.link(path, target / path.name)
        except OSError:
            shutil.copyfile(path, target / path.name)


def save_about(folder: Path, task: Task) -> None:
    """Write beside a model what it was trained from, and make the adapter name its base by an absolute path.

    Args:
        folder: The model's folder.
        task: What was trained.
    """
    config = folder / "adapter_config.json"
    if config.is_file():
        named = {**read_json(config), "base_model_name_or_path": str(task.base), "revision": None}
        config.unlink()  # it may be a link to the trainer's file
        write_atomically(config, json.dumps(named, indent=2, sort_keys=True).encode() + b"\n")
    about = {
        "kind": "full" if task.options.full_finetuning else "lora",
        "base": str(task.base),
        "fingerprint": task.fingerprint,
        "max_image_pixels": task.options.max_image_pixels,
        "versions": {name: _version(name) for name in _PACKAGES},
    }
    write_atomically(folder / ABOUT_FILE, json.dumps(about, indent=2).encode() + b"\n")


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
