"""What every remote call shares: retries, pagination, idempotent creation, uploads, pace."""

from vqaft.service.backend import FilesBackend, OnBytes, Page, RemoteFile, check_backend, is_gone, paginate
from vqaft.service.idempotency import KEY, create_idempotently, was_refused
from vqaft.service.ledger import DEFAULT_PATH, Ledger
from vqaft.service.local_file import FileSlice, fingerprint
from vqaft.service.multipart import FilePart, MultipartBackend, MultipartPolicy
from vqaft.service.retry import PollingPolicy, RetryPolicy
from vqaft.service.transfer import Uploader, download_whole

__all__ = [
    "DEFAULT_PATH",
    "KEY",
    "FilePart",
    "FileSlice",
    "FilesBackend",
    "Ledger",
    "MultipartBackend",
    "MultipartPolicy",
    "OnBytes",
    "Page",
    "PollingPolicy",
    "RemoteFile",
    "RetryPolicy",
    "Uploader",
    "check_backend",
    "create_idempotently",
    "download_whole",
    "fingerprint",
    "is_gone",
    "paginate",
    "was_refused",
]
