"""What `import vqaft` costs beside numpy, pydantic and PIL, which it cannot do without; and all its names at once.

Run it with `python benchmarks/import_time.py [rounds]`. Each import runs in a process of its own, the two in turn;
medians of processor time are printed, less that of an empty process.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

WAYS = {
    "nothing": "pass",
    "numpy, pydantic, PIL": "import numpy, pydantic, PIL.Image",
    "vqaft": "import vqaft",
    "its image encoder": "from vqaft import ImageEncoder",
    "its training file": "from vqaft import MessageBuilder, write_jsonl",
    "all its names": "from vqaft import *",
}
HEAVY = ("openai", "datasets", "scipy", "httpx", "pandas", "matplotlib")


def cpu_s(code: str) -> float:
    """Run code in a new process and give its processor time in seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", code], check=True)  # noqa: S603 - our own lines
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main(rounds: int) -> None:
    """Print the medians and the ratio."""
    taken: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds + 1):
        for name, code in WAYS.items():
            taken[name].append(cpu_s(code))
    medians = {name: statistics.median(seconds[1:]) for name, seconds in taken.items()}  # the first fills caches
    least = medians["numpy, pydantic, PIL"] - medians["nothing"]
    for name, seconds in medians.items():
        print(f"{name:22} {seconds - medians['nothing']:6.3f} s  {(seconds - medians['nothing']) / least:5.2f} ×")
    loaded = f"import sys; from vqaft import *; print([name for name in {HEAVY} if name in sys.modules])"
    subprocess.run([sys.executable, "-c", loaded], check=True)  # noqa: S603 - our own lines


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
