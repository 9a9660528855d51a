"""A running server with its workbench, and ways to sign in to it."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from openai import OpenAI
from PIL import Image

from tests.chromium import Browser
from vqaft.engines import ChatModel, Engine
from vqaft.images import ImageEncoder
from vqaft.server import Served
from vqaft.testing import ThreadServer
from vqaft.workbench import Workbench


@dataclass(frozen=True, kw_only=True)
class RunningWorkbench:
    """A server with its workbench.

    Attributes:
        server: The server.
        workbench: Its pages.
        served: What its pages show.
    """

    server: ThreadServer
    workbench: Workbench
    served: Served

    @staticmethod
    @contextlib.contextmanager
    def started(
        folder: Path,
        *,
        engines: Mapping[str, Engine],
        judges: Mapping[str, ChatModel] | None = None,
        project: Path | None = None,
    ) -> Iterator[RunningWorkbench]:
        """Run a server for the length of a block."""
        made: list[tuple[Served, Workbench]] = []

        def wrap(served: Served) -> Workbench:
            made.append((served, Workbench(served, project=project)))
            return made[0][1]

        with ThreadServer(folder, engines=engines, judges=judges, wrap=wrap) as server:
            yield RunningWorkbench(server=server, served=made[0][0], workbench=made[0][1])

    @property
    def url(self) -> str:
        """The server's address, without a path."""
        return self.server.base_url.removesuffix("/v1")

    def link(self) -> str:
        """Return a new link that signs a browser in."""
        return self.workbench.login_url(self.server.base_url)

    @contextlib.contextmanager
    def client(self) -> Iterator[httpx.Client]:
        """Open a client without a session; its writes come from the server's own pages."""
        with httpx.Client(base_url=self.url, headers={"origin": self.url}) as client:
            yield client

    @contextlib.contextmanager
    def signed_in(self) -> Iterator[httpx.Client]:
        """Open a client with a session."""
        with self.client() as client:
            answer = client.post("/workbench/login", data={"code": self.link().partition("#code=")[2]})
            assert answer.status_code == httpx.codes.SEE_OTHER, answer.text
            yield client

    def sign_in(self, browser: Browser) -> None:
        """Sign a browser in by a link; what it complained about until then is forgotten."""
        browser.open("about:blank")
        browser.call("Network.clearBrowserCookies")
        browser.open(self.link())
        while not browser.run("document.querySelector('nav a') !== null"):
            browser.events.clear()
            browser.loaded()
        browser.events.clear()

    @contextlib.contextmanager
    def openai(self) -> Iterator[OpenAI]:
        """Open the official client."""
        with OpenAI(base_url=self.server.base_url, api_key=self.server.api_key, max_retries=0) as client:
            yield client

    def upload(self, rows: bytes, *, filename: str = "train.jsonl") -> str:
        """Upload a training file; return its id."""
        with self.openai() as client:
            return client.files.create(file=(filename, rows), purpose="fine-tune").id


def chat_rows(answers: Sequence[str], *, question: str = "What?", color: Any = "red") -> bytes:
    """Return training rows about one small image."""
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), color).save(buffer, "PNG")
    url = ImageEncoder().encode(buffer.getvalue()).data_url
    parts = [{"type": "text", "text": question}, {"type": "image_url", "image_url": {"url": url}}]
    lines = [
        {"messages": [{"role": "user", "content": parts}, {"role": "assistant", "content": answer}]}
        for answer in answers
    ]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)
