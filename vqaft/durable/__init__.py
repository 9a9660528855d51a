"""Files that are whole or not there, logs that lose no entry, and locks that die with their holder."""

from vqaft.durable.disk import write_durably
from vqaft.durable.lock import FileLock
from vqaft.durable.log import LineLog
from vqaft.durable.replace import atomic_writer, sync_folder, write_atomically

__all__ = ["FileLock", "LineLog", "atomic_writer", "sync_folder", "write_atomically", "write_durably"]
