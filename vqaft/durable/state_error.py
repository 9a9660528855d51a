"""Operating-system errors as `StateError`: the true cause, the path and what to do about it."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from os import PathLike

from vqaft.errors import StateError
from vqaft.filesystem import display_path, is_url

_CAUSES: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", "Free some space, then run the same again: nothing written before is lost."),
    errno.EDQUOT: ("the disk quota is used up", "Free some space, then run the same again."),
    errno.EFBIG: ("the file may not grow further", "Raise the file size limit, then run the same again."),
    errno.EROFS: ("the file system is read-only", "Use a folder that can be written to."),
    errno.EACCES: ("permission denied", "Change the permissions, or use another folder."),
    errno.EPERM: ("the operation is not permitted", "Change the permissions, or use another folder."),
    errno.ENOENT: ("there is no such file", "Check the path."),
    errno.EISDIR: ("this is a folder, not a file", "Name a file in it."),
    errno.ENOTDIR: ("a part of the path is a file, not a folder", "Check the path."),
    errno.EEXIST: ("a part of the path is a file, not a folder", "Check the path."),
    errno.ENAMETOOLONG: ("the name is too long for this file system", "Use a shorter name."),
    errno.ELOOP: ("the path has too many symbolic links", "Check the links."),
    errno.EMFILE: ("this process has too many open files", "Raise `ulimit -n`, or use fewer workers."),
    errno.ENFILE: ("this machine has too many open files", "Close other programs, or raise the system's limit."),
    errno.ENOMEM: ("the machine is out of memory", "Use fewer workers, or close other programs."),
    errno.EIO: ("the disk failed", "Check the disk, then run the same again."),
    errno.ESTALE: ("the network file system lost the file", "Run the same again, or use a local folder."),
}

MACHINE_ERRNOS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.EROFS}
)
"""Errors of the machine: they say nothing about the file that was being read or written."""


def state_error(error: OSError | ValueError, path: str | PathLike[str], *, doing: str) -> StateError:
    """Return the `StateError` for an operating-system error, with its cause and a remedy.

    Args:
        error: What was raised; a `ValueError` is what Python raises for a path with a NUL in it.
        path: The file.
        doing: What was tried, e.g. "cannot be written".
    """
    shown = display_path(path).replace("\0", "\\0")
    if isinstance(error, ValueError):
        return StateError(f"{doing}: the path holds a character that no path may hold", path=shown)
    if is_url(path):  # the numbers say something about disks
        hint = "Check the URL, the credentials and the connection, then run the same again."
        return StateError(f"{doing}: {error.strerror or error}", path=shown, hint=hint)
    cause, hint = _CAUSES.get(
        error.errno or 0, (error.strerror or type(error).__name__, "Check the path and the disk.")
    )
    return StateError(f"{doing}: {cause}", path=shown, hint=hint)


@contextlib.contextmanager
def os_errors_as_state(path: str | PathLike[str], *, doing: str) -> Iterator[None]:
    """Turn operating-system errors of the block into `StateError`.

    Args:
        path: The file that the block works on.
        doing: What the block does, for the message, e.g. "cannot be read".

    Raises:
        StateError: Instead of `OSError`, and of the `ValueError` of an impossible path.
    """
    if "\0" in os.fspath(path):
        raise state_error(ValueError(), path, doing=doing)
    try:
        yield
    except OSError as error:
        raise state_error(error, path, doing=doing) from error
