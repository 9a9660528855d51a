"""Workbench of a running server, from outside: what `LocalServer` wraps itself in, and links that sign a browser in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from vqaft.errors import AuthenticationError, ServiceUnreachableError

if TYPE_CHECKING:
    from vqaft.server import Served
    from vqaft.workbench.app import Workbench


def here(served: Served) -> Workbench:
    """Return the workbench of a server, with the current folder as the project's.

    Example:
        >>> server = LocalServer(wrap="vqaft.workbench:here")  # doctest: +SKIP

    Args:
        served: The server that the pages show.

    Raises:
        MissingExtraError: If jinja2 is not installed.
    """
    from vqaft.workbench.app import Workbench

    return Workbench(served, project=current_folder())


def current_folder() -> Path | None:
    """Return the current folder; None where it is no project's, but a person's or a disk's whole one."""
    current = Path.cwd()
    return None if current in {Path.home(), Path(current.anchor)} else current


def login_url(base_url: str, api_key: str) -> str:
    """Return a link that signs a browser in to the workbench of a running server; it works once, for five minutes.

    Args:
        base_url: The server's address, e.g. `LocalServer.base_url`.
        api_key: Its key, e.g. `LocalServer.api_key`.

    Raises:
        AuthenticationError: If the server has another key.
        ServiceUnreachableError: If no server answers there, or one without a workbench.
    """
    place = base_url.rstrip("/").removesuffix("/v1")
    try:
        answer = httpx.post(f"{place}/workbench/link", headers={"authorization": f"Bearer {api_key}"}, timeout=10)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ServiceUnreachableError(f"no server answers at {place} ({error})", hint="Start it first.") from error
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise AuthenticationError(f"the server at {place} has another key", hint="Give the key of that server.")
    try:
        code = answer.raise_for_status().json()["code"]
    except (httpx.HTTPStatusError, ValueError, KeyError, TypeError):
        hint = 'A LocalServer has one with wrap="vqaft.workbench:here".'
        message = f"what answers at {place} is no vqaft server with a workbench"
        raise ServiceUnreachableError(message, hint=hint) from None
    return f"{place}/#code={code}"
