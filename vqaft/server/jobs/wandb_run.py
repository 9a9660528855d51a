"""Numbers of a job, sent to Weights & Biases as its `integrations` ask, by a process of their own.

W&B's library starts threads and a service, and may wait for the network. So every run has a process that does nothing
else, gets the numbers without holding the training up, and ends with the server. What goes wrong in it is an event of
the job, never the job's failure. Whether anything is sent is decided by the server's environment alone: the library is
installed, and there is a key, or the mode is offline.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal, TypeAlias

from vqaft.escape import redact
from vqaft.server.jobs.process import end_with_the_server

KEY, MODE, DIR = "WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR"
OFFLINE = frozenset({"offline", "dryrun"})
FINISH_S = 5.0
"""Seconds that a run has left to be sent when the server stops; the rest stays in its folder for `wandb sync`."""

Tell: TypeAlias = Callable[[str, Literal["info", "warn"]], object]
"""Notes a message and its level as an event of the job."""


def refusal() -> str | None:
    """Return why this server sends nothing to Weights & Biases; None where it does."""
    if importlib.util.find_spec("wandb") is None:
        return "wandb is not installed: pip install 'vqaft[wandb]'"
    if os.environ.get(MODE, "").lower() == "disabled":
        return f"{MODE} is disabled"
    if not _is_offline() and not os.environ.get(KEY):
        return f"{KEY} is not set in the environment of the server, and {MODE} is not offline"
    return None


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What a run is called, and where it goes.

    Attributes:
        id: The run's id; one that is there already is continued.
        settings: The integration's project, name, entity and tags.
        config: What the run was configured with, for W&B's table of runs.
        folder: Where the library writes, unless `WANDB_DIR` names another place.
    """

    id: str
    settings: Mapping[str, Any]
    config: Mapping[str, Any]
    folder: Path


@dataclass(frozen=True, kw_only=True)
class _End:
    summary: Mapping[str, Any] = field(default_factory=dict)
    succeeded: bool = False


class WandbRun:
    """A run in a process of its own.

    Args:
        spec: The run.
        tell: Notes what happens to it; called in a thread.
    """

    def __init__(self, spec: RunSpec, tell: Tell) -> None:
        self._tell = tell
        self._unsent: queue.SimpleQueue[Mapping[str, Any] | _End] = queue.SimpleQueue()
        self._closing = threading.Event()
        context = multiprocessing.get_context("spawn")
        self._pipe, others = context.Pipe()
        self._process = context.Process(target=_main, args=(spec, others), daemon=True)
        self._process.start()
        others.close()
        self._thread = threading.Thread(target=self._pass_on, name="vqaft-wandb", daemon=True)
        self._thread.start()

    def log(self, data: Mapping[str, Any]) -> None:
        """Log the numbers of a step, "step" among them; returns at once."""
        self._unsent.put(data)

    def finish(self, summary: Mapping[str, Any], *, succeeded: bool) -> None:
        """End the run; returns at once.

        Args:
            summary: What the run came to.
            succeeded: Whether the job did not fail.
        """
        self._unsent.put(_End(summary=summary, succeeded=succeeded))

    @property
    def is_over(self) -> bool:
        """Whether all is sent, or nothing more will be."""
        return not self._thread.is_alive()

    def close(self, timeout_s: float = FINISH_S) -> None:
        """End the run, wait until it is sent, and stop its process.

        Args:
            timeout_s: The longest wait in seconds.
        """
        self._unsent.put(_End())  # of no effect after `finish`
        self._thread.join(timeout_s)
        self._closing.set()
        self._process.kill()
        self._thread.join()

    def _pass_on(self) -> None:
        try:
            self._send_and_hear()
        except (EOFError, OSError):  # the process is gone
            self._say_that_it_broke()
        finally:
            self._pipe.close()
            self._process.join()

    def _send_and_hear(self) -> None:
        while True:
            item = self._unsent.get()
            self._pipe.send(item)
            while self._pipe.poll():
                self._hear()
            if isinstance(item, _End):
                break
        while self._hear():
            pass

    def _hear(self) -> bool:
        """Note one message of the process; return whether there can be more."""
        message = self._pipe.recv()
        if message is not None:
            self._tell(*message)
        return message is not None

    def _say_that_it_broke(self) -> None:
        if not self._closing.is_set():
            self._tell("The report to Weights & Biases broke off: its process ended", "warn")


class _Inbox:
    """What the server sends: numbers of steps, then the end."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.end: _End | None = None

    def numbers(self) -> Iterator[Mapping[str, Any]]:
        while self.end is None:
            item = self._pipe.recv()
            if isinstance(item, _End):
                self.end = item
            else:
                yield item


def _main(spec: RunSpec, pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which ends this process
    threading.Thread(target=end_with_the_server, daemon=True).start()
    inbox = _Inbox(pipe)
    try:
        _follow(spec, pipe, inbox)
    except Exception as error:  # noqa: BLE001 - whatever the library raises is told, and harms nothing
        pipe.send((f"Nothing more is sent to Weights & Biases: {_words(error)}", "warn"))
        for _ in inbox.numbers():  # what is not wanted any more must not fill the pipe
            pass
    pipe.send(None)


def _follow(spec: RunSpec, pipe: Connection, inbox: _Inbox) -> None:
    import wandb

    from vqaft.tuning import WandbCallback  # the server itself starts without the client's side

    run = wandb.init(**_arguments(spec))
    callback = WandbCallback(run)
    pipe.send((_where(run), "info"))
    for item in inbox.numbers():
        callback.log(item["step"], {name: value for name, value in item.items() if name != "step"}, time_s=0)
    end = inbox.end or _End()
    run.summary.update(dict(end.summary))
    run.finish(exit_code=0 if end.succeeded else 1)


def _arguments(spec: RunSpec) -> dict[str, Any]:
    import wandb

    folder = Path(os.environ.get(DIR) or spec.folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    known = spec.settings
    return {
        "project": known["project"],
        "name": known.get("name") or spec.config["job"],
        "entity": known.get("entity"),
        "tags": known.get("tags") or None,
        "id": spec.id,
        "resume": "allow",
        "config": dict(spec.config),
        "dir": str(folder),
        # The numbers of the job and nothing about the machine, its output or its code.
        "settings": wandb.Settings(
            silent=True,
            console="off",
            disable_code=True,
            disable_git=True,
            save_code=False,
            x_disable_machine_info=True,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        ),
    }


def _where(run: Any) -> str:
    if not _is_offline():
        return f"Numbers of this job go to Weights & Biases: {run.url}"
    name = Path(run.dir).parent.name
    return f"Numbers of this job are kept for Weights & Biases in wandb/{name}: send them by `wandb sync`"


def _is_offline() -> bool:
    return os.environ.get(MODE, "").lower() in OFFLINE


def _words(error: Exception) -> str:
    text = redact(f"{type(error).__name__}: {error}")
    key = os.environ.get(KEY)
    return text.replace(key, "***") if key else text
