"""`python -m vqaft.server FOLDER PORT [--temporary]`: what `LocalServer` starts; the token is in the environment."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

from vqaft.errors import VqaftError
from vqaft.escape import visible
from vqaft.server.local import TEMPORARY_PREFIX
from vqaft.server.serve import serve


def main() -> None:
    """Serve on a loopback port until standard input ends; then remove the folder if it is a temporary one."""
    api_key = os.environ.pop("VQAFT_SERVER_API_KEY")
    folder, port, *options = sys.argv[1:]
    try:
        serve(Path(folder), api_key=api_key, port=int(port), on_ready=_announce, until_input_ends=True)
    except VqaftError as error:
        sys.exit(visible(str(error)))
    if "--temporary" in options and _is_temporary(Path(folder)):  # the process that made it may have been killed
        shutil.rmtree(folder, ignore_errors=True)


def _is_temporary(folder: Path) -> bool:
    return folder.name.startswith(TEMPORARY_PREFIX) and folder.parent == Path(tempfile.gettempdir())


def _announce(base_url: str) -> None:
    print(base_url, flush=True)  # noqa: T201 - read by the process that started this one


if __name__ == "__main__":
    main()
