"""Atomic file writes, crash-safe append-only logs, and inter-process locks released on exit."""

from vqaft.durable.append_log import LineLog
from vqaft.durable.atomic import atomic_writer, sync_folder, write_atomically, write_durably
from vqaft.durable.folder import atomic_folder, recover_folder
from vqaft.durable.lock import FileLock

__all__ = [
    "FileLock",
    "LineLog",
    "atomic_folder",
    "atomic_writer",
    "recover_folder",
    "sync_folder",
    "write_atomically",
    "write_durably",
]
