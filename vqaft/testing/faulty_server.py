"""vqaft's server, failing by plan, with a witness of what it did.

The server in a thread of the test's own process: quick to start, and easy to look into.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.types import ASGIApp

from vqaft.engines import ChatModel, Engine
from vqaft.errors import StateError
from vqaft.server import HTTPServer, Served, State, create_app, listen
from vqaft.testing.billing import BillingJournal
from vqaft.testing.fault_injector import FaultInjector, Planned
from vqaft.testing.quick_engine import FixedAnswer, QuickEngine


class ThreadServer:
    """vqaft's server with the engines of a test; it opens files and sockets for the length of a block.

    Example:
        >>> with ThreadServer(folder, engines={"quick": QuickEngine()}) as server:  # doctest: +SKIP
        ...     client = OpenAI(base_url=server.base_url, api_key=server.api_key)

    Args:
        folder: Where files, jobs and models are kept.
        engines: What trains and answers, by the name of its base model.
        judges: Models that answer and cannot be trained, by name.
        clock: Gives the server's seconds since 1970.
        wrap: Returns the application that is served, e.g. something around that of the API.

    Attributes:
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
        wrap: Callable[[Served], ASGIApp] = lambda served: served.app,
    ) -> None:
        self._state: Callable[[], State] = lambda: State(folder, clock=clock or time.time)
        self._app: Callable[[State], ASGIApp] = lambda state: wrap(
            Served(
                app=create_app(state, api_key=self.api_key, engines=engines, judges=judges or {}),
                state=state,
                api_key=self.api_key,
            )
        )
        self._base_url: str | None = None

    @property
    def base_url(self) -> str:
        """The address to give to a client.

        Raises:
            StateError: If the server is not running.
        """
        if self._base_url is None:
            raise StateError("the server is not running", hint="Use it as: with ThreadServer(...) as server: …")
        return self._base_url

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opened:
            listener = opened.enter_context(listen("127.0.0.1", 0))
            state = self._state()
            opened.callback(state.close)
            self._server = HTTPServer(self._app(state), log_level="critical")
            self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listener]})
            self._thread.start()
            self._opened = opened.pop_all()
        self._base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base_url = None
        self._server.should_exit = True
        self._thread.join()
        self._opened.close()


class FaultyServer(ThreadServer):
    """A server for tests of clients: real files, jobs, uploads, batches and answers, and every fault you plan.

    Example:
        >>> with FaultyServer(folder) as server:  # doctest: +SKIP
        ...     server.plan([Planned(fault=FAULTS["lost-answer"], path="/fine_tuning/jobs", method="POST", nth=[1])])
        ...     # … let the client create a job …
        ...     assert server.journal.count("job") == 1

    Args:
        folder: Where files, jobs and models are kept.
        engines: What trains and answers, by the name of its base model; `quick`, a `QuickEngine`, by default.
        judges: Models that answer and cannot be trained; `fixed`, which says "ok", by default.
        seed: Of the faults that are drawn by chance.
        clock: Gives the server's seconds since 1970.

    Attributes:
        journal: What was really done.
    """

    def __init__(
        self,
        folder: Path,
        *,
        engines: Mapping[str, Engine] | None = None,
        judges: Mapping[str, ChatModel] | None = None,
        seed: int = 0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.journal = BillingJournal()
        self._seed = seed
        self._plan: tuple[Planned, ...] = ()
        self._injector: FaultInjector | None = None
        super().__init__(
            folder,
            engines=engines or {"quick": QuickEngine()},
            judges=judges or {"fixed": FixedAnswer("ok")},
            clock=clock,
            wrap=self._wrap,
        )

    def _wrap(self, served: Served) -> ASGIApp:
        self._injector = FaultInjector(served.app, self.journal, seed=self._seed)
        self._injector.plan(self._plan)
        return self._injector

    def plan(self, faults: Iterable[Planned]) -> None:
        """Fail by this plan from now on; the first entry that fits a request decides."""
        self._plan = tuple(faults)
        if self._injector is not None:
            self._injector.plan(self._plan)

    @property
    def injected(self) -> int:
        """How many requests met a fault since the plan was made, or the server started."""
        return 0 if self._injector is None else self._injector.injected

    def reset(self) -> None:
        """Plan no fault, and forget the journal; files and jobs stay."""
        self.plan([])
        self.journal.clear()
