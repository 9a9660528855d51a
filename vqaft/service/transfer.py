"""Transfer of whole files: uploaded once for each content and account, downloaded until they are complete."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

from vqaft.errors import DataError, RequestRefusedError, ServiceUnreachableError
from vqaft.service.backend import FilesBackend, OnBytes, RemoteFile, is_gone, paginate
from vqaft.service.idempotency import create_idempotently
from vqaft.service.ledger import Ledger
from vqaft.service.local_file import Fingerprint, fingerprint
from vqaft.service.multipart import MultipartBackend, MultipartPolicy, MultipartUpload
from vqaft.service.progress import ByteProgress
from vqaft.service.retry import RetryPolicy

UNUSABLE_STATUSES = frozenset({"error", "deleted", "uploading"})
READY_S = 900.0
"""How long a service may validate a file that has arrived before it can be trained on."""

_LOOK_EVERY_S = 2.0


class Uploader:
    """Sends files to one account, each content once.

    A file that the ledger knows, and that the service still has in full, is not sent again. Files above
    `sizes.above_bytes` go in parts where the service accepts parts.

    Args:
        backend: The service.
        ledger: Where uploads are recorded.
        retry: How long to go on where the service fails.
        sizes: When to send in parts, and of what size.
        progress: Whether to show a progress bar in bytes.
    """

    def __init__(
        self, backend: FilesBackend, *, ledger: Ledger, retry: RetryPolicy, sizes: MultipartPolicy, progress: bool
    ) -> None:
        self._backend = backend
        self._ledger = ledger
        self._retry = retry
        self._sizes = sizes
        self._progress = progress

    def upload(self, path: Path, *, purpose: str = "fine-tune") -> RemoteFile:
        """Send a file, or find that it is there.

        Args:
            path: The file.
            purpose: What for, in the service's words.

        Raises:
            DataError: If there is no such file, it is empty, or it changed while it was sent.
            ServiceError: If the service does not accept it.
            StateError: If the file cannot be read, or the ledger not be written.
        """
        file = fingerprint(path)
        with self._ledger.lock(f"upload-{file.sha256[:16]}"):
            return self._known(file, purpose) or self._send(file, purpose)

    def _facts(self, file: Fingerprint, purpose: str) -> dict[str, Any]:
        return {"account": self._backend.account, "sha256": file.sha256, "purpose": purpose}

    def _known(self, file: Fingerprint, purpose: str) -> RemoteFile | None:
        entry = self._ledger.last("upload", **self._facts(file, purpose))
        if entry is None:
            return None
        try:
            remote = self._retry.call(lambda: self._backend.retrieve_file(entry["file_id"]))
        except RequestRefusedError:
            return None
        return remote if _is_whole(remote, file) else None

    def _send(self, file: Fingerprint, purpose: str) -> RemoteFile:
        facts = self._facts(file, purpose)
        kinds = [entry["kind"] for entry in self._ledger.entries(**facts) if entry["kind"] in _STEPS]
        # A run that was cut off may have sent it all, and only not heard of it.
        in_doubt = self._ledger.is_damaged or (bool(kinds) and kinds[-1] == "upload_intent")
        self._ledger.record("upload_intent", **facts, name=file.remote_name, bytes=file.size_bytes)
        with ByteProgress(file.path, size_bytes=file.size_bytes, enabled=self._progress) as bar:
            if file.size_bytes > self._sizes.above_bytes and isinstance(self._backend, MultipartBackend):
                remote = self._in_parts(self._backend, file, purpose, bar, in_doubt=in_doubt)
            else:
                remote = self._in_one(file, purpose, bar, in_doubt=in_doubt)
        remote = self._settled(remote)
        try:
            file.check_unchanged()
        except DataError:
            # It bears the name of a content that it may not have: it must never be found by that name.
            self._ledger.record("upload_spoiled", **facts, file_id=remote.id)
            raise
        if not _is_whole(remote, file):
            arrived = f"{remote.size_bytes} of {file.size_bytes} bytes, status {remote.status}"
            raise ServiceUnreachableError(f"{file.path} did not arrive complete: {arrived}")
        self._ledger.record("upload", **facts, file_id=remote.id, path=str(file.path), bytes=file.size_bytes)
        return remote

    def _settled(self, remote: RemoteFile) -> RemoteFile:
        end = self._retry.clock() + READY_S
        while remote.status == "uploading" and self._retry.clock() < end:
            self._retry.sleep(_LOOK_EVERY_S)
            remote = self._retry.call(partial(self._backend.retrieve_file, remote.id))
        return remote

    def _in_one(self, file: Fingerprint, purpose: str, bar: ByteProgress, *, in_doubt: bool) -> RemoteFile:
        def send(on_bytes: OnBytes) -> RemoteFile:
            name = file.remote_name
            remote = self._backend.upload_file(file.path, filename=name, purpose=purpose, on_bytes=on_bytes)
            if remote.filename != name and _OWN_NAME.search(remote.filename):
                raise ServiceUnreachableError(f"the answer is about another file, {remote.filename}")
            return remote

        return create_idempotently(
            lambda: bar.counted(send), lambda: self._find(file, purpose), retry=self._retry, in_doubt=in_doubt
        )

    def _in_parts(
        self, backend: MultipartBackend, file: Fingerprint, purpose: str, bar: ByteProgress, *, in_doubt: bool
    ) -> RemoteFile:
        if in_doubt:
            self._retry.sleep(self._retry.consistency_delay_s)
            found = self._retry.call(lambda: self._find(file, purpose))
            if found:
                return found[0]
        upload = MultipartUpload(
            backend,
            file,
            purpose=purpose,
            account=self._backend.account,
            ledger=self._ledger,
            retry=self._retry,
            sizes=self._sizes,
        )
        return upload.send(bar, find=lambda: self._find(file, purpose))

    def _find(self, file: Fingerprint, purpose: str) -> list[RemoteFile]:
        """Return what the service has under this content's name, oldest first."""
        spoiled = {entry["file_id"] for entry in self._ledger.entries("upload_spoiled", **self._facts(file, purpose))}
        try:
            listed = list(paginate(lambda after: self._backend.list_files(purpose=purpose, after=after)))
        except RequestRefusedError:
            return []  # a service that cannot list its files gets them twice, which costs nothing but time
        named = [remote for remote in listed if remote.filename == file.remote_name and _is_whole(remote, file)]
        return [remote for remote in reversed(named) if remote.id not in spoiled]


_OWN_NAME = re.compile(r"-[0-9a-f]{12}(\.[A-Za-z0-9]+)?$")
_STEPS = frozenset({"upload_intent", "upload", "upload_spoiled"})


def _is_whole(remote: RemoteFile, file: Fingerprint) -> bool:
    return remote.status not in UNUSABLE_STATUSES and remote.size_bytes in {None, file.size_bytes}


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
