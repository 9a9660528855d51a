"""Atomic file writes, crash-safe append-only logs, and inter-process locks released on exit."""

from vqaft.durable.append_log import AppendLog, read_file
from vqaft.durable.atomic import atomic_writer, sync_folder, write_atomically, write_durably
from vqaft.durable.folder import Trash, atomic_folder, recover_folder
from vqaft.durable.lock import FileLock
from vqaft.durable.state_error import MACHINE_ERRNOS, os_errors_as_state, state_error

__all__ = [
    "MACHINE_ERRNOS",
    "AppendLog",
    "FileLock",
    "Trash",
    "atomic_folder",
    "atomic_writer",
    "os_errors_as_state",
    "read_file",
    "recover_folder",
    "state_error",
    "sync_folder",
    "write_atomically",
    "write_durably",
]
