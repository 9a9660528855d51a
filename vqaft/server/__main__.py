"""`python -m vqaft.server FOLDER [--temporary]`: as `LocalServer` starts it, the token in the environment."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from vqaft.errors import VqaftError
from vqaft.server.serve import serve


def main() -> None:
    """Serve on a free loopback port, which is printed, until standard input ends; then remove a temporary folder."""
    api_key = os.environ.pop("VQAFT_SERVER_API_KEY")
    folder, *options = sys.argv[1:]
    try:
        serve(Path(folder), api_key=api_key, port=0, on_ready=_announce, until_input_ends=True)
    except VqaftError as error:
        sys.exit(str(error))
    if "--temporary" in options:  # the process that made it may have been killed
        shutil.rmtree(folder, ignore_errors=True)


def _announce(base_url: str) -> None:
    print(base_url, flush=True)  # noqa: T201 - read by the process that started this one


if __name__ == "__main__":
    main()
