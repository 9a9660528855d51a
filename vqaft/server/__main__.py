"""`python -m vqaft.server FOLDER PORT [OPTIONS]`: what `LocalServer` starts; the token is in the environment."""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from starlette.types import ASGIApp

from vqaft.errors import DataError, VqaftError
from vqaft.escape import visible
from vqaft.server.app import Served
from vqaft.server.local import TEMPORARY_PREFIX
from vqaft.server.open_weights import CHECKED_FOLDER, open_engines, parse_models
from vqaft.server.serve import serve


def main() -> None:
    """Serve on a loopback port until standard input ends; then remove the folder if it is a temporary one."""
    api_key = os.environ.pop("VQAFT_SERVER_API_KEY")
    given = _arguments()
    folder: Path = given.folder
    try:
        engines = open_engines(parse_models(given.model), cache=folder / CHECKED_FOLDER, gpus=given.gpus)
        serve(
            folder,
            api_key=api_key,
            port=given.port,
            on_ready=_announce,
            until_input_ends=True,
            engines=engines,
            wrap=_wrapper(given.wrap),
        )
    except VqaftError as error:
        sys.exit(visible(str(error)))
    if given.temporary and _is_temporary(folder):  # the process that made it may have been killed
        shutil.rmtree(folder, ignore_errors=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--temporary", action="store_true")
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--gpus", type=int)
    parser.add_argument("--wrap")
    return parser.parse_args()


def _wrapper(name: str | None) -> Callable[[Served], ASGIApp]:
    """Return the callable that a name means, e.g. vqaft.workbench:here."""
    if name is None:
        return lambda served: served.app
    module, _, part = name.partition(":")
    try:
        found: Callable[[Served], ASGIApp] = getattr(importlib.import_module(module), part)
    except (ImportError, AttributeError) as error:
        raise DataError(f"wrap={name!r} cannot be imported: {error}") from error
    return found


def _is_temporary(folder: Path) -> bool:
    return folder.name.startswith(TEMPORARY_PREFIX) and folder.parent == Path(tempfile.gettempdir())


def _announce(base_url: str) -> None:
    print(base_url, flush=True)  # noqa: T201 - read by the process that started this one


if __name__ == "__main__":
    main()
