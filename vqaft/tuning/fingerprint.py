"""What a file holds, told by its hashes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from vqaft.errors import DataError


@dataclass(frozen=True, kw_only=True)
class Fingerprint:
    """A file's content at one moment.

    Attributes:
        path: The file.
        size_bytes: How long it is.
        sha256: Hash of its content, in hexadecimal.
        md5: The same by MD5, which the Uploads API compares at the end.
        changed_ns: When it was last changed, by the file system.
    """

    path: Path
    size_bytes: int
    sha256: str
    md5: str
    changed_ns: int

    @property
    def remote_name(self) -> str:
        """The file's name with a piece of its hash, by which it is found again at the service."""
        return f"{self.path.stem}-{self.sha256[:12]}{self.path.suffix}"

    def check_unchanged(self) -> None:
        """Make sure that the file is still what it was.

        Raises:
            DataError: If it was changed, cut or removed since.
        """
        hint = "Do not write to a training file while it is uploaded; upload it again."
        try:
            now = self.path.stat()
        except FileNotFoundError:
            raise DataError("removed while it was uploaded", path=self.path, hint=hint) from None
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.changed_ns):
            raise DataError("changed while it was uploaded", path=self.path, hint=hint)


def fingerprint(path: Path) -> Fingerprint:
    """Read a file and give its hashes.

    Raises:
        DataError: If there is no such file, or it is empty.
    """
    if not path.is_file() or path.stat().st_size == 0:
        raise DataError("there is no such file, or it is empty", path=path, hint="Write it with write_jsonl first.")
    before = path.stat()
    sha256, md5 = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha256.update(block)
            md5.update(block)
    return Fingerprint(
        path=path,
        size_bytes=before.st_size,
        sha256=sha256.hexdigest(),
        md5=md5.hexdigest(),
        changed_ns=before.st_mtime_ns,
    )
