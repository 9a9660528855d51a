"""Image paths that a table names, and that must not lead out of its folder."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from vqaft.errors import ImageError


@lru_cache(maxsize=1 << 16)
def image_inside(root: Path, value: str) -> str:
    """Find an image that a table names.

    Tables come from elsewhere, and what they name is sent to a service: a path that leads out of the folder, or through
    a symbolic link, could carry away any file.

    Args:
        root: The folder of the images, resolved.
        value: The path as the table has it, relative to the folder.

    Returns:
        The full path of an existing file inside the folder.

    Raises:
        ImageError: If the path leads out of the folder or through a link, or there is no such file.
    """
    written = Path(os.path.normpath(root / value.strip()))
    try:
        path = written.resolve()
        is_file = path.is_file()
    except (OSError, ValueError) as error:
        raise ImageError(f"the image path {value!r:.80} cannot be read: {error}") from None
    hint = "Copy the image into the folder."
    if not written.is_relative_to(root):
        raise ImageError(f"the image path {value!r} leads out of the folder", hint=hint)
    if path != written:
        raise ImageError(f"the image path {value!r} leads through a symbolic link", hint=hint)
    if not is_file:
        raise ImageError(f"the image {value!r} is missing")
    return str(path)
