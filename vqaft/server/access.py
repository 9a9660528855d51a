"""Stored access to a server's folder: the same token and port, and so the same account, at every start."""

from __future__ import annotations

import os
import secrets
import socket
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vqaft.durable import write_atomically
from vqaft.errors import StateError
from vqaft.filesystem import require_local
from vqaft.server.store.folder import check_folder, unusable

FILE = "access.json"
PORTS = range(20_000, 30_000)
"""Below the range from which systems take ports for outgoing connections."""
_TRIES = 50


@dataclass(frozen=True, kw_only=True)
class Access:
    """How clients reach a server.

    Attributes:
        api_key: The bearer token.
        port: The port on the loopback address.
    """

    api_key: str = field(repr=False)
    port: int


class _Stored(BaseModel):
    model_config = ConfigDict(strict=True)

    format: Literal["vqaft server access"] = "vqaft server access"
    version: Literal[1] = 1
    api_key: Annotated[str, Field(min_length=1)]
    port: Annotated[int, Field(ge=1, le=65_535)]


def new_key() -> str:
    """Return a random token."""
    return "local-" + secrets.token_urlsafe(24)


def free_port() -> int:
    """Return a port of the loopback address that nothing listens on."""
    for _ in range(_TRIES):
        port = secrets.choice(PORTS)
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        return port
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found: int = listener.getsockname()[1]
        return found


def stored_access(folder: Path, *, api_key: str | None = None, port: int | None = None) -> Access:
    """Return the access that is stored in a folder; create it if there is none.

    Args:
        folder: The server's folder.
        api_key: A token to store instead.
        port: A port to store instead; 0 chooses a new one.

    Raises:
        StateError: If the file is damaged.
    """
    folder = require_local(folder, purpose="a server's folder")
    found = _read(folder / FILE)
    key = api_key or (found.api_key if found else new_key())
    number = (found.port if found else free_port()) if port is None else port or free_port()
    access = _Stored(api_key=key, port=number)
    if access != found:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomically(folder / FILE, access.model_dump_json().encode() + b"\n", private=True)
    return Access(api_key=key, port=number)


def stored_key(folder: Path) -> str:
    """Return the token that is stored in a folder; create it if there is none.

    Args:
        folder: The server's folder.

    Raises:
        StateError: If the folder is not a server's, or the file is damaged.
    """
    check_folder(folder)
    try:
        return stored_access(folder).api_key
    except OSError as error:
        raise unusable(folder, error) from error


def _read(path: Path) -> _Stored | None:
    try:
        return _Stored.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValidationError as error:
        hint = "Remove it for a new token and port; clients then see a new account."
        raise StateError("the server's stored access is damaged", path=path, hint=hint) from error


def open_private_log(path: Path, *, max_bytes: int = 5_000_000) -> int:
    """Open a log for appending, readable by its owner alone; a large one is renamed to `….1` first.

    Args:
        path: The log.
        max_bytes: What is large.

    Returns:
        A descriptor.
    """
    if path.exists() and path.stat().st_size > max_bytes:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
