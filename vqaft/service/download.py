"""Fetching a file whole."""

from __future__ import annotations

from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.service.backend import FilesBackend
from vqaft.service.retry import RetryPolicy


def download_whole(backend: FilesBackend, file_id: str, *, retry: RetryPolicy) -> bytes:
    """Fetch a file, and again where a proxy's page or a piece of it came instead.

    What came is believed when it is as long as the service says that the file is, or when it came twice the same:
    services were seen to state the length of another encoding.

    Args:
        backend: The service.
        file_id: The file.
        retry: How long to go on.

    Raises:
        ServiceError: If the service does not give it.
    """
    size = _size(backend, file_id, retry)
    before: bytes | None = None

    def fetch() -> bytes:
        nonlocal before
        content = backend.download_file(file_id)
        if size is not None and len(content) != size and content != before:
            before = content
            raise ServiceUnreachableError(f"file {file_id} arrived as {len(content)} of {size} bytes")
        return content

    return retry.call(fetch)


def _size(backend: FilesBackend, file_id: str, retry: RetryPolicy) -> int | None:
    try:
        return retry.call(lambda: backend.retrieve_file(file_id)).size_bytes
    except RequestRefusedError:
        return None
