"""A server with its workbench in this process, clients that are signed in, and a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.chromium import Browser, started_browser
from tests.workbench.running import RunningWorkbench
from vqaft.testing import FixedAnswer, QuickEngine


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorkbench]:
    """A server with its workbench, and engines that learn in no time."""
    engines = {"quick": QuickEngine(), "slow": QuickEngine(epoch_s=0.4)}
    with RunningWorkbench.started(
        tmp_path_factory.mktemp("bench"), engines=engines, judges={"judge": FixedAnswer("yes")}
    ) as running:
        yield running


@pytest.fixture
def page(bench: RunningWorkbench) -> Iterator[httpx.Client]:
    """A client with a session, as a browser's."""
    with bench.signed_in() as client:
        yield client


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with started_browser() as started:
        yield started


@pytest.fixture
def signed_in(browser: Browser, bench: RunningWorkbench) -> Browser:
    """Chromium, signed in by a link."""
    bench.sign_in(browser)
    return browser
