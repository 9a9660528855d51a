"""Run a notebook from top to bottom: `python docs/run_notebook.py examples/tour.ipynb [--write]`.

With `--write` its outputs are kept in the file, without times and progress bars, so that it can be read without being
run. Exits with an error where a cell fails, or where the outputs are larger than 300 kB.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

MAX_BYTES = 300_000
TIMEOUT_S = 300


def main(path: Path, *, write: bool) -> None:
    """Run a notebook.

    Args:
        path: The notebook.
        write: Whether to keep the outputs in it.
    """
    notebook = nbformat.read(path, as_version=4)
    started = time.monotonic()
    place = {"metadata": {"path": path.parent}}
    NotebookClient(notebook, timeout=TIMEOUT_S, record_timing=False, resources=place).execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if output.get("name") != "stderr"]
    text = nbformat.writes(notebook)
    sys.stdout.write(f"{path}: {time.monotonic() - started:.0f} s, {len(text):,} bytes\n")
    if len(text) > MAX_BYTES:
        raise SystemExit(f"the outputs are larger than {MAX_BYTES:,} bytes")
    if write:
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--write", action="store_true", help="keep the outputs in the notebook")
    arguments = parser.parse_args()
    main(arguments.notebook, write=arguments.write)
