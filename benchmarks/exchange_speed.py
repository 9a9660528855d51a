"""Measure how fast examples are exported and read back, and the memory that takes: 38,575 questions, 4,000 images.

python benchmarks/exchange_speed.py [QUESTIONS]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from vqaft import load_easy_vqa
from vqaft.exchange import ChatJSONL, HuggingFace, LlamaFactory, WebDataset, export

MEGABYTE = 1024  # of the kilobytes that Linux reports


def main() -> None:
    """Print a line for each format."""
    examples = load_easy_vqa()[: int(sys.argv[1]) if len(sys.argv) > 1 else None]
    targets: list[Any] = [LlamaFactory(), HuggingFace(), WebDataset(), ChatJSONL()]
    print("| format | questions | images | export | read | size | peak memory of the process |")
    print("|---|---|---|---|---|---|---|")
    for target in targets:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name, "out")
            start = time.perf_counter()
            exported = export(examples, target, folder)
            written = time.perf_counter()
            count = sum(1 for _ in target.read(folder))
            done = time.perf_counter()
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MEGABYTE
            times = f"{written - start:.1f} s | {done - written:.1f} s"
            print(
                f"| {target.format} | {count} | {exported.images} | {times} | {size:.0f} MB | {memory:.0f} MB |",
                flush=True,
            )


if __name__ == "__main__":
    main()
