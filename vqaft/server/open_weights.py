"""Open-weight models of a server: names and folders as they are given to `vqaft serve --model` and `LocalServer`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from os import PathLike, fspath
from pathlib import Path

from vqaft.engines import JUDGE_MODEL, Engine, ModelFolder, TransformersEngine, download_model
from vqaft.errors import DataError

BASE_MODEL = "embedded-vqa"
"""The id of the embedded engine's base model."""
CHECKED_FOLDER = "transformers"
"""Within the server's folder: what was found out about models, and the log of answering."""
_ALIAS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def parse_models(given: Iterable[str]) -> dict[str, str]:
    """Parse `name=folder` pairs.

    Args:
        given: The pairs.

    Raises:
        DataError: If one is not a pair, or a name occurs twice or cannot be used.
    """
    models: dict[str, str] = {}
    for pair in given:
        name, equals, folder = pair.partition("=")
        if not equals or not folder:
            raise DataError(f"{pair!r} is not name=folder", hint="For example: --model qwen=/models/Qwen2.5-VL-7B")
        if name in models:
            raise DataError(f"the model name {name!r} is given twice")
        models[name] = folder
    check_names(models)
    return models


def check_names(names: Iterable[str]) -> None:
    """Check names of models: they become part of tuned models' names and of paths in addresses.

    Raises:
        DataError: If one cannot be used.
    """
    for name in names:
        if _ALIAS.fullmatch(name) is None:
            hint = "Use letters, digits, dots, dashes and underscores, 64 at most; no slash."
            raise DataError(f"{name!r} cannot be the name of a model", hint=hint)
        if name in {BASE_MODEL, JUDGE_MODEL}:
            raise DataError(f"{name!r} is the name of one of the server's own models")


def open_engines(
    models: Mapping[str, str | PathLike[str]],
    *,
    cache: Path,
    gpus: int | None = None,
    allow_download: bool = False,
) -> dict[str, Engine]:
    """Check the models' folders and return their engines.

    Args:
        models: Folders by name; or, where downloads are allowed, `organization/name@commit` of the Hub.
        cache: Folder for what was found out about models.
        gpus: As for `TransformersEngine`.
        allow_download: Whether what is not a folder is looked for on the Hub.

    Raises:
        DataError: If a name or a folder cannot be used; with what to do.
        MissingExtraError: If the extra `transformers` is not installed.
    """
    check_names(models)
    engines: dict[str, Engine] = {}
    for name, place in models.items():
        wanted = fspath(place)
        folder = download_model(wanted) if allow_download and not Path(wanted).exists() else wanted
        engines[name] = TransformersEngine(ModelFolder.open(folder), cache=cache, gpus=gpus)
    return engines
