"""Measure what 50 open pages of the workbench cost a training of the embedded engine.

The server with its workbench and the training run as they do behind `vqaft serve`; the browsers are a process of their
own that does over sockets what the page's script does: ask for a job's live fragment every two seconds, by its ETag,
each over its own connection. Spans with and without the pages alternate within one training, so that both meet the
same machine; each span's rows a second come from the steps that the training reported in it.

    python benchmarks/workbench_load.py [--browsers 50] [--pairs 8] [--span 3] [--rows 38000] [--jobs 4]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import multiprocessing
import os
import random
import re
import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from openai import OpenAI

from vqaft import MessageBuilder, load_easy_vqa, write_jsonl
from vqaft.engines import EmbeddedEngine
from vqaft.server import Served, find_job, job_steps
from vqaft.testing import ThreadServer
from vqaft.workbench import Workbench

POLL_S = 2.0
"""As the page's script does while a job is going."""
EPOCHS = 50
LOOK_S = 0.01


@dataclass(frozen=True, kw_only=True)
class Span:
    """Steps of the training in one span of time, and the processor time that the server's process took."""

    steps_per_s: float
    server_cpu: float


async def browse(host: str, port: int, path: str, cookie: str, counts: list[int]) -> None:
    """Poll as one page does: keep the connection, and send the newest ETag."""
    await asyncio.sleep(random.uniform(0, POLL_S))
    while True:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # an idle connection was closed
            await poll(host, port, path, cookie, counts)


async def poll(host: str, port: int, path: str, cookie: str, counts: list[int]) -> None:
    """Poll over one connection until it is closed."""
    tag = ""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        while True:
            head = f"GET {path} HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: {cookie}\r\nvqaft-fragment: 1\r\n"
            writer.write(f"{head}if-none-match: {tag}\r\n\r\n".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            if found := re.search(r"content-length: (\d+)", answer):
                counts[1] += len(await reader.readexactly(int(found[1])))
            tag = re.search(r"etag: (.*)\r\n", answer)[1]  # type: ignore[index]  # an answer without one would break here
            counts[0] += 1
            await asyncio.sleep(POLL_S)
    finally:
        writer.close()


async def browse_all(cookie: str, orders: Connection, browsers: int) -> None:
    """Open the pages when told to, and close them when told to; say how many answers and bytes came."""
    while url := await asyncio.to_thread(orders.recv):
        parts = urlsplit(url)
        counts = [0, 0]
        pages = [
            asyncio.create_task(browse(parts.hostname or "", parts.port or 0, parts.path, cookie, counts))
            for _ in range(browsers)
        ]
        await asyncio.to_thread(orders.recv)
        for page in pages:
            page.cancel()
        results = await asyncio.gather(*pages, return_exceptions=True)
        failures = [result for result in results if not isinstance(result, asyncio.CancelledError)]
        orders.send((*counts, [repr(failure) for failure in failures]))


def browsers_process(cookie: str, orders: Connection, browsers: int) -> None:
    """Run the browsers; at the lowest priority, for they stand for other machines."""
    os.nice(19)
    asyncio.run(browse_all(cookie, orders, browsers))


def measure(served: Served, job: str, span_s: float) -> Span | None:
    """Return the pace of the training over a span, from its first reported step to its last; None where it ended."""
    began_cpu, ends = time.process_time(), time.monotonic() + span_s
    seen: list[tuple[float, int]] = []
    changes = -1
    while (now := time.monotonic()) < ends:
        if served.state.documents.changes != changes:
            changes = served.state.documents.changes
            step = int(job_steps(served.state, job)[-1]["step"])
            if not seen or step != seen[-1][1]:
                seen.append((now, step))
        time.sleep(LOOK_S)
    if (view := find_job(served.state, job)) is None or not view.going:
        return None
    (first_s, first), (last_s, last) = seen[0], seen[-1]
    return Span(steps_per_s=(last - first) / (last_s - first_s), server_cpu=(time.process_time() - began_cpu) / span_s)


def training(served: Served, jobs: Sequence[str]) -> str | None:
    """Return a job that is in the first three quarters of its steps, once there is one; None after the last."""
    while True:
        views = [view for view in (find_job(served.state, job) for job in jobs) if view is not None and view.going]
        if not views:
            return None
        for view in views:
            if view.progress and view.progress["step"] < 3 * view.progress["total_steps"] / 4:
                return view.id
        time.sleep(LOOK_S)


def closed(orders: Connection) -> tuple[int, int]:
    """Close the pages; return how many polls were answered, and the bytes of their bodies."""
    orders.send("")
    got, size, failures = orders.recv()
    if failures:
        print("pages that broke:", *failures[:3])
    return got, size


def paired(
    served: Served, url: str, jobs: Sequence[str], orders: Connection, given: argparse.Namespace
) -> Iterator[tuple[Span | None, Span | None]]:
    """Measure spans without and with the pages in turn, as long as there are jobs to train."""
    answers = sent = 0
    for place in range(given.pairs):
        job = training(served, jobs)
        if job is None:
            break
        found: dict[bool, Span | None] = {}
        for open_pages in (False, True) if place % 2 else (True, False):
            if open_pages:
                orders.send(f"{url}/workbench/jobs/{job}/live")
                time.sleep(POLL_S)  # until every page has asked once
            found[open_pages] = measure(served, job, given.span)
            if open_pages:
                got, size = closed(orders)
                answers, sent = answers + got, sent + size
        yield found[False], found[True]
    print(f"{answers} polls answered, {sent / max(1, answers) / 1e3:.1f} kB each in the mean")


def main() -> None:
    """Train, browse, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("browsers", 50), ("pairs", 8), ("rows", 38_000), ("span", 3), ("jobs", 4)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    made: list[tuple[Served, Workbench]] = []

    def wrap(served: Served) -> Workbench:
        made.append((served, Workbench(served)))
        return made[0][1]

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = MessageBuilder().records([*load_easy_vqa("train")][: given.rows])
        write_jsonl(folder / "train.jsonl", rows)
        engines = {"embedded-vqa": EmbeddedEngine(cache_folder=folder / "read")}
        with ThreadServer(folder / "state", engines=engines, wrap=wrap) as server:
            served, workbench = made[0]
            with OpenAI(base_url=server.base_url, api_key=server.api_key) as client:
                content = (folder / "train.jsonl").read_bytes()
                file = client.files.create(file=("train.jsonl", content), purpose="fine-tune").id
                jobs = [
                    client.fine_tuning.jobs.create(
                        model="embedded-vqa", training_file=file, hyperparameters={"n_epochs": EPOCHS}
                    ).id
                    for _ in range(given.jobs)
                ]
            report(served, server.base_url.removesuffix("/v1"), workbench, jobs, given)


def report(served: Served, url: str, workbench: Workbench, jobs: Sequence[str], given: argparse.Namespace) -> None:
    """Run the spans and print what they show."""
    with httpx.Client(base_url=url, headers={"origin": url}) as client:
        code = workbench.login_url(url).partition("#code=")[2]
        cookie = client.post("/workbench/login", data={"code": code}).headers["set-cookie"].partition(";")[0]
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    arguments = (cookie, theirs, given.browsers)
    process = multiprocessing.get_context("spawn").Process(target=browsers_process, args=arguments, daemon=True)
    process.start()
    pairs = paired(served, url, jobs, ours, given)
    spans = [(without, with_pages) for without, with_pages in pairs if without and with_pages]
    ours.send("")
    ratios = sorted(with_pages.steps_per_s / without.steps_per_s for without, with_pages in spans)
    print(f"{given.browsers} browsers, {len(spans)} pairs of {given.span} s, {given.rows} rows")
    for words, place in (("without", 0), ("with", 1)):
        pace = statistics.median(pair[place].steps_per_s for pair in spans)
        cpu = statistics.median(pair[place].server_cpu for pair in spans)
        print(f"{words:8} pages: {pace:8.2f} steps/s, the server's process at {100 * cpu:.1f} % of one core")
    low, median, high = (100 * ratio for ratio in (ratios[0], statistics.median(ratios), ratios[-1]))
    print(f"rows/s kept: median {median:.1f} %, from {low:.1f} to {high:.1f} %")
    without, with_pages = (sum(pair[place].steps_per_s for pair in spans) for place in (0, 1))
    print(f"rows/s kept, all spans together: {100 * with_pages / without:.1f} %")


if __name__ == "__main__":
    main()
