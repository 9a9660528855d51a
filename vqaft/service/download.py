"""Download of a complete file, retried where a part of it or another page came instead."""

from __future__ import annotations

from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.service.backend import FilesBackend, is_gone
from vqaft.service.retry import RetryPolicy


def download_whole(backend: FilesBackend, file_id: str, *, retry: RetryPolicy) -> bytes:
    """Fetch a file, and again where a proxy's page or a part of it came instead.

    What came is believed when it is as long as the service says that the file is, or when it came twice the same:
    services were seen to state the length of another encoding.

    Args:
        backend: The service.
        file_id: The file.
        retry: How long to go on.

    Raises:
        RequestRefusedError: If the file does not exist any more, with status 404 or 410.
        ServiceError: If the service does not deliver it.
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

    try:
        return retry.call(fetch)
    except RequestRefusedError as error:
        if not is_gone(error):
            raise
        hint = "Services delete files after a while, and with them what was not fetched in time."
        raise RequestRefusedError(
            f"file {file_id} is gone at the service", status=error.status, code=error.code, hint=hint
        ) from error


def _size(backend: FilesBackend, file_id: str, retry: RetryPolicy) -> int | None:
    try:
        return retry.call(lambda: backend.retrieve_file(file_id)).size_bytes
    except RequestRefusedError:
        return None
