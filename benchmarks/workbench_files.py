"""A training file of 1 GB in the workbench: time until a page is there, and the memory that the server takes for it.

Run it with `python benchmarks/workbench_files.py`. It writes a file of rows with an image of noise each into a
temporary folder, which is removed afterwards, and asks a server in a process of its own for pages of it.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import httpx
import numpy as np
from PIL import Image

from vqaft.images import ImageEncoder
from vqaft.server import Served
from vqaft.testing import QuickEngine, ThreadServer
from vqaft.workbench import Workbench

IMAGE_SIDE = 260
"""Pixels; a JPEG of noise of this size takes about 90 kB as base64."""
IMAGES = 64


def write_file(path: Path, size_bytes: int) -> int:
    """Write rows until the file has a size; return how many."""
    noise, encoder = np.random.default_rng(0), ImageEncoder(format="jpeg")
    rows = []
    for number in range(IMAGES):
        pixels = noise.integers(0, 256, (IMAGE_SIDE, IMAGE_SIDE, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "JPEG", quality=90)
        url = encoder.encode(buffer.getvalue()).data_url
        parts = [{"type": "text", "text": "What is this?"}, {"type": "image_url", "image_url": {"url": url}}]
        messages = [{"role": "user", "content": parts}, {"role": "assistant", "content": f"answer {number}"}]
        rows.append(json.dumps({"messages": messages}).encode() + b"\n")
    written = 0
    with path.open("wb") as file:
        while file.tell() < size_bytes:
            file.write(rows[written % IMAGES])
            written += 1
    return written


def peak_mb() -> float:
    """Return the most memory that this process has had, in MB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most / 1e3


def serve(project: Path, folder: Path, ours: Connection) -> None:
    """Serve until told to stop; a line asks for the peak of this process's memory."""
    made: list[Workbench] = []

    def wrap(server: Served) -> Workbench:
        made.append(Workbench(server, project=project))
        return made[0]

    with ThreadServer(folder, engines={"quick": QuickEngine()}, wrap=wrap) as server:
        ours.send((server.base_url.removesuffix("/v1"), made[0].login_url(server.base_url)))
        while ours.recv() == "peak":
            ours.send(peak_mb())


@contextmanager
def served(project: Path) -> Iterator[tuple[httpx.Client, Callable[[], float]]]:
    """Yield a signed-in client of a server in a process of its own, and what asks for that process's peak memory."""
    theirs, ours = multiprocessing.Pipe()
    with tempfile.TemporaryDirectory() as folder:
        process = multiprocessing.get_context("spawn").Process(target=serve, args=(project, Path(folder), ours))
        process.start()
        url, link = theirs.recv()

        def peak() -> float:
            theirs.send("peak")
            return float(theirs.recv())

        with httpx.Client(base_url=url, headers={"origin": url}, timeout=600) as client:
            client.post("/workbench/login", data={"code": link.partition("#code=")[2]})
            yield client, peak
        theirs.send("stop")
        process.join()


def timed(name: str, client: httpx.Client, place: str, peak: Callable[[], float], *, until: str = "") -> str:
    """Ask for a page, again until it holds a text, and print how long that took and the server's peak memory."""
    began = time.perf_counter()
    while until not in (text := client.get(place, follow_redirects=True).raise_for_status().text):
        time.sleep(0.05)
    print(f"{name:<44} {time.perf_counter() - began:8.2f} s   peak {peak():7.0f} MB")
    return text


def main() -> None:
    """Write the file, and look at it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1.0, help="Size of the file.")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        rows = write_file(path, int(chosen.gigabytes * 1e9))
        print(f"{path.stat().st_size / 1e9:.2f} GB, {rows:,} rows")
        with served(Path(folder)) as (client, peak):
            listed = timed("the list of files", client, "/workbench/files", peak)
            place = listed.partition('href="/workbench/files/folder/')[2].partition('"')[0]
            place = f"/workbench/files/folder/{place}"
            timed("the first page", client, place, peak)
            timed("an image of it", client, f"{place}/images/1/0", peak)
            timed(f"the page of line {rows // 2:,}", client, f"{place}?line={rows // 2}", peak)
            timed("the last page", client, f"{place}?line={rows}", peak)
            timed("the last page again", client, f"{place}?line={rows}", peak)
            for name in ("answers", "check", "cost"):
                timed(f"{name}, read in the background", client, f"{place}/{name}/live", peak, until='data-next="30"')


if __name__ == "__main__":
    main()
