"""Answers a second: vqaft's Predictor, the SDK in as many threads, and the cookbook's thread pool.

    python benchmarks/predictor_throughput.py [--rounds 3] [--requests 600] [--threads 32] [--image-kb 100]

A server in a process of its own answers each request after 50 ms. All ways use the same `openai` client and ask about
the same JPEG images; the SDK's ways get their messages ready-made, vqaft builds its own from the image's bytes. The
rounds are interleaved, and the median of each way counts. CPU time is the client's, a request.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import multiprocessing
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
from openai import OpenAI
from PIL import Image

from vqaft.backends import OpenAIBackend
from vqaft.data import VQAExample
from vqaft.inference import Predictor
from vqaft.records import MessageBuilder

LATENCY_S = 0.05
REPLY = (
    b'{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"finish_reason":"stop",'
    b'"logprobs":null,"message":{"role":"assistant","content":"red","refusal":null}}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}'
)


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request of a connection after the latency."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(REPLY)
    try:
        while True:
            request = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = next(line for line in request.split(b"\r\n") if line.startswith(b"content-length:"))
            await reader.readexactly(int(length.partition(b":")[2]))
            await asyncio.sleep(LATENCY_S)
            writer.write(head + REPLY)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def serve(port: Connection) -> None:
    """Run the server and say on which port."""

    async def run() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, limit=1 << 20)
        port.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def jpeg(kilobytes: int) -> bytes:
    """Give a JPEG of about this size, of noise."""
    side = 64
    while True:
        file = io.BytesIO()
        pixels = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(file, "JPEG", quality=85)
        if file.tell() >= kilobytes * 1000:
            return file.getvalue()
        side += 16


def by_sdk(client: OpenAI, messages: list[Any], threads: int | None) -> None:
    """Ask in a thread pool by the SDK's own `create`; the pool's default size where no number is given."""

    def ask(message: Any) -> str | None:
        reply = client.chat.completions.create(model="m", messages=message, temperature=0, max_completion_tokens=300)
        return reply.choices[0].message.content

    with ThreadPoolExecutor(threads) as pool:
        answers = list(pool.map(ask, messages))
    if answers != ["red"] * len(messages):
        raise SystemExit("an answer is missing")


def by_vqaft(client: OpenAI, examples: list[VQAExample], threads: int) -> None:
    """Ask by vqaft's Predictor."""
    predictor = Predictor(OpenAIBackend(client), MessageBuilder(), model="m", max_workers=threads, progress=False)
    if len(predictor.predict(examples).answered) != len(examples):
        raise SystemExit("an answer is missing")


def timed(work: Callable[[], None], count: int) -> tuple[float, float]:
    """Give requests a second, and milliseconds of this process's CPU a request."""
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return count / (time.perf_counter() - start), (time.process_time() - cpu) / count * 1000


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rounds", 3), ("requests", 600), ("threads", 32), ("image-kb", 100)):
        parser.add_argument(f"--{name}", type=int, default=default)
    chosen = parser.parse_args()
    image = jpeg(chosen.image_kb)
    url = "data:image/jpeg;base64," + base64.b64encode(image).decode()
    parts = [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": url}}]
    messages = [[{"role": "user", "content": parts}]] * chosen.requests
    examples = [VQAExample(id=str(number), image=image, question="What?") for number in range(chosen.requests)]

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    server = context.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    client = OpenAI(base_url=f"http://127.0.0.1:{ours.recv()}/v1", api_key="none", max_retries=0)
    default_threads = min(32, (os.cpu_count() or 1) + 4)
    ways: dict[str, Callable[[], None]] = {
        f"cookbook: SDK create, default pool ({default_threads} threads)": lambda: by_sdk(client, messages, None),
        f"SDK create, {chosen.threads} threads": lambda: by_sdk(client, messages, chosen.threads),
        f"vqaft Predictor, {chosen.threads} threads": lambda: by_vqaft(client, examples, chosen.threads),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(chosen.rounds):
        for name, work in ways.items():
            found[name].append(timed(work, chosen.requests))
    server.terminate()

    medians = {name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in found.items()}
    rates = [rate for rate, _ in medians.values()]
    print(f"{chosen.requests} requests of {len(image) // 1000} KB, 50 ms latency, {os.cpu_count()} cores")
    for name, (rate, cpu) in medians.items():
        factors = f"{rate / rates[0]:5.2f} x cookbook {rate / rates[1]:5.2f} x SDK"
        print(f"{name:<55} {rate:6.0f} requests/s {cpu:5.2f} ms CPU {factors}")


if __name__ == "__main__":
    main()
