"""A real browser without a driver, and comparisons to look at."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import io
import itertools
import json
import os
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from vqaft.data import VQAExample
from vqaft.evaluation import Comparison, Evaluation, Score, ScoredRow, ScorerFacts, compare
from vqaft.inference import Failure
from vqaft.tuning import StepMetrics

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
PATIENCE_S = 60.0


class Browser:
    """Chromium, spoken to by the DevTools protocol over a pipe: no package, no port."""

    def __init__(self, program: str, profile: Path) -> None:
        self._ids = itertools.count(1)
        self._unread = b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        hears, self._to = os.pipe()
        self._from, speaks = os.pipe()
        ears, mouth = (fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (hears, speaks))

        def join_pipes() -> None:
            os.dup2(ears, 3)
            os.dup2(mouth, 4)

        self._process = subprocess.Popen(  # noqa: S603 - found by shutil.which
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            close_fds=False,  # what Python opens is not inherited; what join_pipes makes is
            preexec_fn=join_pipes,  # noqa: PLW1509 - the protocol's pipes have fixed numbers
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for end in (hears, speaks, ears, mouth):
            os.close(end)
        target = next(info for info in self.call("Target.getTargets")["targetInfos"] if info["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._ids)
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            reply = self._read()
            if reply.get("id") == number:
                assert "error" not in reply, reply["error"]
                result: dict[str, Any] = reply["result"]
                return result
            self.events.append(reply)

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_S
        while b"\0" not in self._unread:
            with selectors.DefaultSelector() as selector:  # unlike `select`, at any number of open files
                selector.register(self._from, selectors.EVENT_READ)
                assert selector.select(max(0.0, deadline - time.monotonic())), "the browser does not answer"
            self._unread += os.read(self._from, 1 << 20)
        message, _, self._unread = self._unread.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def open(self, path: Path, *, width: int = 1200, height: int = 900) -> None:
        self.events.clear()
        self.resize(width, height)
        self.call("Page.navigate", url=path.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str) -> None:
        number, text = {"Enter": (13, "\r"), "Escape": (27, "")}[key]
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=number, text=text)

    def screenshot(self, path: Path, *, whole: bool = False) -> Path:
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def pdf(self) -> bytes:
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])

    @property
    def complaints(self) -> list[str]:
        """Script errors, refusals by the content policy, and dialogs that were opened."""
        wanted = ("Runtime.exceptionThrown", "Log.entryAdded", "Page.javascriptDialogOpening")
        return [json.dumps(event["params"])[:600] for event in self.events if event.get("method") in wanted]

    @property
    def requests(self) -> list[str]:
        """Addresses that were asked for, but those inside the file."""
        sent = [event for event in self.events if event.get("method") == "Network.requestWillBeSent"]
        urls = [str(event["params"]["request"]["url"]) for event in sent]
        return [url for url in urls if not url.startswith("data:")]

    def close(self) -> None:
        self._session = None
        with contextlib.suppress(AssertionError, OSError, ValueError):
            self.call("Browser.close")
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(5)
        self._process.kill()
        self._process.wait()
        os.close(self._to)
        os.close(self._from)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = Browser(program, Path(profile))
        yield started
        started.close()


Saying = tuple[str | None, float]
"""An answer (None where there is none) and its score."""


def scored(place: int, said: Saying, **facts: Any) -> ScoredRow:
    """A row as one model answered it, scored by "exact" and by a judge with two levels."""
    answer, value = said
    label = "Right" if value > 0.5 else "Wrong"
    scores = {"exact": Score(value=value, reason=f"reason {value:g}"), "judge": Score(value=value, label=label)}
    known: dict[str, Any] = {
        "example_id": f"id-{place}",
        "group": f"group-{place // 2}",
        "kind": "closed" if place % 2 else "open",
        "question_type": ("colour", "shape")[place % 2],
        "question": f"What is number {place}?",
        "answers": ("truth",),
        "model": "model",
        "answer": answer,
        "failure": Failure(kind="refused", message="I cannot help") if answer is None else None,
        "scores": {} if answer is None else scores,
    }
    return ScoredRow(**{**known, **facts})


def evaluated(rows: Iterable[ScoredRow], *, model: str, scorers: Iterable[str] = ("exact", "judge")) -> Evaluation:
    """An evaluation of rows."""
    facts = {name: ScorerFacts(description=f"{name}()", levels=("Right", "Wrong")) for name in scorers}
    return Evaluation(model=model, scorers=facts, rows=tuple(rows))


@pytest.fixture(scope="session")
def scored_row() -> Callable[..., ScoredRow]:
    return scored


@pytest.fixture(scope="session")
def evaluation_of() -> Callable[..., Evaluation]:
    return evaluated


@pytest.fixture(scope="session")
def comparison() -> Comparison:
    """Twelve won, three lost, five right, five wrong, one without an answer of the tuned model."""
    outcomes = [(0.0, 1.0)] * 12 + [(1.0, 0.0)] * 3 + [(1.0, 1.0)] * 5 + [(0.0, 0.0)] * 5
    base = [scored(place, (f"old {place}", old)) for place, (old, _) in enumerate(outcomes)]
    tuned = [scored(place, (f"new {place}", new)) for place, (_, new) in enumerate(outcomes)]
    base.append(scored(25, ("old 25", 0.0)))
    tuned.append(scored(25, (None, 0.0)))
    return compare(evaluated(base, model="small"), evaluated(tuned, model="small-tuned"), resamples=500)


@pytest.fixture(scope="session")
def examples() -> list[VQAExample]:
    """The examples behind the comparison: two questions on each of twelve pictures, the last without an image."""
    pictures = [solid_png((20 * place, 90, 200 - 10 * place)) for place in range(12)]
    return [
        VQAExample(id=f"id-{place}", image=pictures[place // 2], question="What?", answers=("truth",))
        for place in range(24)
    ]


def solid_png(color: tuple[int, int, int], size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    return solid_png


@pytest.fixture(scope="session")
def metrics() -> list[StepMetrics]:
    """Ten steps, validated at every other."""
    return [
        StepMetrics(step=step, values={"train_loss": 2 / step, **({"valid_loss": 2.2 / step} if step % 2 else {})})
        for step in range(1, 11)
    ]


@pytest.fixture(scope="session")
def naughty() -> list[str]:
    """Strings that break programs that take text for something else."""
    found: list[str] = json.loads((Path(__file__).parent / "naughty.json").read_text(encoding="ascii"))
    return found
