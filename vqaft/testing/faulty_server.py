"""vqaft's server, failing by plan, with a witness of what it did."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from starlette.types import ASGIApp

from vqaft.server.engines import ChatModel, Engine
from vqaft.testing.billing import BillingJournal
from vqaft.testing.fault import Planned
from vqaft.testing.fault_injector import FaultInjector
from vqaft.testing.quick_engine import FixedAnswer, QuickEngine
from vqaft.testing.thread_server import ThreadServer


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

    def _wrap(self, app: ASGIApp) -> ASGIApp:
        self._injector = FaultInjector(app, self.journal, seed=self._seed)
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
