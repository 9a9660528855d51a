"""Every failure of an image as one error that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vqaft.errors import ImageError, MissingExtraError
from vqaft.images.source import ImageSource, describe_source


@contextmanager
def image_failures(source: ImageSource) -> Iterator[None]:
    """Turn whatever goes wrong with an image into an `ImageError` that names the image.

    Decoders fail with OSError, ValueError, TypeError, SyntaxError, RuntimeError, NotImplementedError, MemoryError,
    EOFError, IndexError, struct.error, bombs and warnings made errors; a list of them would never be complete.

    Args:
        source: The image, as the caller gave it.

    Raises:
        ImageError: In place of any other exception.
        MissingExtraError: As it came.
    """
    try:
        yield
    except MissingExtraError:
        raise
    except ImageError as error:
        error.path = error.path or describe_source(source)
        raise
    except Exception as error:
        reason = str(error) or type(error).__name__
        raise ImageError(f"cannot be read ({reason})", path=describe_source(source)) from error
