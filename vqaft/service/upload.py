"""Sending a file once, by its content."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from vqaft.errors import RequestRefusedError, ServiceUnreachableError
from vqaft.service.backend import FilesBackend, OnBytes, RemoteFile
from vqaft.service.idempotency import create_idempotently
from vqaft.service.ledger import Ledger
from vqaft.service.local_file import Fingerprint, fingerprint
from vqaft.service.multipart import MultipartBackend, MultipartPolicy, MultipartUpload
from vqaft.service.pagination import paginate
from vqaft.service.progress import ByteProgress
from vqaft.service.retry import RetryPolicy

UNUSABLE_STATUSES = frozenset({"error", "deleted", "uploading"})
READY_S = 900.0
"""How long a service may look at a file that has arrived before it can be trained on."""

_LOOK_EVERY_S = 2.0


class Uploader:
    """Sends files to one account, each content once.

    A file that the ledger knows, and that the service still has in full, is not sent again. Files above
    `sizes.above_bytes` go in parts where the service takes parts.

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
            ServiceError: If the service does not take it.
        """
        file = fingerprint(path)
        with self._ledger.lock(f"upload-{file.sha256[:16]}"):
            return self._known(file, purpose) or self._send(file, purpose)

    def _known(self, file: Fingerprint, purpose: str) -> RemoteFile | None:
        entry = self._ledger.last("upload", account=self._backend.account, sha256=file.sha256, purpose=purpose)
        if entry is None:
            return None
        try:
            remote = self._retry.call(lambda: self._backend.retrieve_file(entry["file_id"]))
        except RequestRefusedError:
            return None
        return remote if _is_whole(remote, file) else None

    def _send(self, file: Fingerprint, purpose: str) -> RemoteFile:
        facts = {"account": self._backend.account, "sha256": file.sha256, "purpose": purpose}
        was_begun = self._ledger.last("upload_intent", **facts) is not None
        self._ledger.record("upload_intent", **facts, name=file.remote_name, bytes=file.size_bytes)
        # A run that was cut off may have sent it all, and only not heard of it.
        remote = self._retry.call(lambda: self._find(file, purpose)) if was_begun else None
        if remote is None:
            with ByteProgress(file.path, size_bytes=file.size_bytes, enabled=self._progress) as bar:
                remote = self._in_parts(file, purpose, bar) or self._in_one(file, purpose, bar)
            remote = self._settled(remote)
        file.check_unchanged()
        if not _is_whole(remote, file):
            arrived = f"{remote.size_bytes} of {file.size_bytes} bytes, status {remote.status}"
            raise ServiceUnreachableError(f"{file.path} did not arrive whole: {arrived}")
        self._ledger.record("upload", **facts, file_id=remote.id, path=str(file.path), bytes=file.size_bytes)
        return remote

    def _settled(self, remote: RemoteFile) -> RemoteFile:
        end = self._retry.clock() + READY_S
        while remote.status == "uploading" and self._retry.clock() < end:
            self._retry.sleep(_LOOK_EVERY_S)
            remote = self._retry.call(partial(self._backend.retrieve_file, remote.id))
        return remote

    def _in_one(self, file: Fingerprint, purpose: str, bar: ByteProgress) -> RemoteFile:
        def send(on_bytes: OnBytes) -> RemoteFile:
            return self._backend.upload_file(file.path, filename=file.remote_name, purpose=purpose, on_bytes=on_bytes)

        return create_idempotently(lambda: bar.counted(send), lambda: self._find(file, purpose), retry=self._retry)

    def _in_parts(self, file: Fingerprint, purpose: str, bar: ByteProgress) -> RemoteFile | None:
        if file.size_bytes <= self._sizes.above_bytes or not isinstance(self._backend, MultipartBackend):
            return None
        parted = MultipartUpload(
            self._backend,
            file,
            purpose=purpose,
            account=self._backend.account,
            ledger=self._ledger,
            retry=self._retry,
            sizes=self._sizes,
        )
        return parted.send(bar, find=lambda: self._find(file, purpose))

    def _find(self, file: Fingerprint, purpose: str) -> RemoteFile | None:
        try:
            for remote in paginate(lambda after: self._backend.list_files(purpose=purpose, after=after)):
                if remote.filename == file.remote_name and _is_whole(remote, file):
                    return remote
        except RequestRefusedError:
            pass  # a service that cannot list its files gets them twice, which costs nothing but time
        return None


def _is_whole(remote: RemoteFile, file: Fingerprint) -> bool:
    return remote.status not in UNUSABLE_STATUSES and remote.size_bytes in {None, file.size_bytes}
