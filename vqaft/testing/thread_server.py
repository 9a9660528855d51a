"""The server in a thread of the test's own process: quick to start, and easy to look into."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp
from uvicorn import Config, Server

from vqaft.server.app import create_app
from vqaft.server.engines import ChatModel, Engine
from vqaft.server.serve import listen
from vqaft.server.state import State


class ThreadServer:
    """vqaft's server with the engines of a test.

    Example:
        >>> with ThreadServer(folder, engines={"quick": QuickEngine()}) as server:  # doctest: +SKIP
        ...     client = OpenAI(base_url=server.base_url, api_key=server.api_key)

    Args:
        folder: Where files, jobs and models are kept.
        engines: What trains and answers, by the name of its base model.
        judges: Models that answer and cannot be trained, by name.
        clock: Gives the server's seconds since 1970.
        wrap: Puts something around the application.

    Attributes:
        base_url: The address to give to a client.
        api_key: The token to ask with.
    """

    api_key = "test-key-of-the-server"

    def __init__(
        self,
        folder: Path,
        *,
        engines: Mapping[str, Engine],
        judges: Mapping[str, ChatModel] | None = None,
        clock: Callable[[], float] | None = None,
        wrap: Callable[[ASGIApp], ASGIApp] = lambda app: app,
    ) -> None:
        state = State(folder, clock=clock or time.time)
        app = wrap(create_app(state, api_key=self.api_key, engines=engines, judges=judges or {}))
        listener = listen("127.0.0.1", 0)
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        self._server = Server(Config(app, log_level="critical", ws="none", lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join()
