"""A real browser without a driver."""

from __future__ import annotations

import base64
import contextlib
import fcntl
import itertools
import json
import os
import selectors
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

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

    def open(self, page: Path | str, *, width: int = 1200, height: int = 900) -> None:
        """Open a file or an address, and wait until it is loaded."""
        self.events.clear()
        self.resize(width, height)
        self.call("Page.navigate", url=page if isinstance(page, str) else page.as_uri())
        self.loaded()

    def loaded(self) -> None:
        """Wait until a page is loaded; events of the pages before it must have been cleared."""
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def resize(self, width: int, height: int) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def run(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, *, control: bool = False) -> None:
        number, text = {"Enter": (13, "\r"), "Escape": (27, ""), "Tab": (9, "")}[key]
        about = {"key": key, "code": key, "windowsVirtualKeyCode": number, "modifiers": 2 if control else 0}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, text=text, **about)

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


@contextlib.contextmanager
def started_browser() -> Iterator[Browser]:
    """Start Chromium for the length of a block; skip the test where there is none."""
    program = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip(f"needs a browser: one of {', '.join(BROWSERS)}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        started = Browser(program, Path(profile))
        yield started
        started.close()
