"""Lines in pieces → a few large writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Large enough that threads rarely wait for each other, small enough to stay near the processor.
_BATCH_BYTES = 4 * 1024 * 1024


def batches(pieces: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut a stream of pieces into lists of some 4 MB; a larger piece is a list of its own, so that none copies it.

    Args:
        pieces: The bytes of a file, in their order.
    """
    batch: list[bytes] = []
    size = 0
    for piece in pieces:
        if size + len(piece) > _BATCH_BYTES and batch:
            yield batch
            batch, size = [], 0
        batch.append(piece)
        size += len(piece)
    if batch:
        yield batch
