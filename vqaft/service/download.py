"""Download of a complete file, retried where a part of it or another page came instead."""

from __future__ import annotations

from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.service.backend import FilesBackend, is_gone
from vqaft.service.retry import RetryPolicy


def download_whole(backend: FilesBackend, file_id: str, *, retry: RetryPolicy) -> bytes:
    """Fetch a file, and again where a proxy's page or a part of it came instead.

    What came is believed when it is as long as the service says that the file is, or when it came twice the same:
    services were seen to state the length of another encoding. That it does not exist is believed when it is said
    twice.

    Args:
        backend: The service.
        file_id: The file.
        retry: How long to go on.

    Raises:
        RequestRefusedError: If the file does not exist any more, with status 404 or 410.
        ServiceError: If the service does not deliver it.
    """
    download = _Download(backend, file_id, size_bytes=_size(backend, file_id, retry))
    try:
        return retry.call(download.attempt)
    except RequestRefusedError as error:
        if not is_gone(error):
            raise
        hint = "Services delete files after a while, and with them what was not fetched in time."
        raise RequestRefusedError(
            f"file {file_id} is gone at the service", status=error.status, code=error.code, hint=hint
        ) from error


class _Download:
    """The attempts at one file, and what the one before brought."""

    def __init__(self, backend: FilesBackend, file_id: str, *, size_bytes: int | None) -> None:
        self._backend = backend
        self._file_id = file_id
        self._size_bytes = size_bytes
        self._before: bytes | None = None
        self._was_gone = False

    def attempt(self) -> bytes:
        try:
            content = self._backend.download_file(self._file_id)
        except RequestRefusedError as error:
            if self._was_gone or not is_gone(error):
                raise
            self._was_gone = True
            raise ServiceUnreachableError(error.message, status=error.status, code=error.code) from error
        if self._size_bytes is not None and len(content) != self._size_bytes and content != self._before:
            self._before = content
            raise ServiceUnreachableError(f"file {self._file_id} arrived as {len(content)} of {self._size_bytes} bytes")
        return content


def _size(backend: FilesBackend, file_id: str, retry: RetryPolicy) -> int | None:
    try:
        return retry.call(lambda: backend.retrieve_file(file_id)).size_bytes
    except RequestRefusedError:
        return None
