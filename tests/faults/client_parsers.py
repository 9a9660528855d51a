"""Every parser of what comes from a service or from an earlier run, put to damaged and invented input.

    python client_parsers.py COUNT   tries so many inputs on each parser and prints how many were tried in all

A parser may return a value or raise an error of the library's own; anything else is a fault. Imported by
test_client_parsers.py, which tries fewer.
"""

# ruff: noqa: T201 - this script prints its result

from __future__ import annotations

import contextlib
import copy
import io
import json
import random
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vqaft.backends.errors import error_for_status, pause_s
from vqaft.backends.fireworks import (
    fireworks_dataset,
    fireworks_job,
    fireworks_progress,
    objects_in,
    signed_address,
)
from vqaft.backends.openai.wire import (
    batch_from,
    checkpoint_from,
    event_from,
    file_from,
    job_from,
    page_from,
    reply_from,
)
from vqaft.backends.sdk import Answer
from vqaft.backends.together import (
    together_checkpoint,
    together_event,
    together_file,
    together_job,
    together_metrics,
)
from vqaft.errors import VqaftError
from vqaft.inference import Journal, Prediction, Predictions
from vqaft.inference.batch.predictor import read_results
from vqaft.inference.outcome import outcome_of_reply
from vqaft.service import Ledger
from vqaft.tuning import JobEvent, metrics_of_events, read_metrics
from vqaft.tuning.watch import JobProgress, JobUpdate

USAGE = {"prompt_tokens": 7, "completion_tokens": 3}
MESSAGE = {"role": "assistant", "content": "red", "refusal": None}
CHAT = {"id": "c", "model": "m", "choices": [{"finish_reason": "stop", "message": MESSAGE}], "usage": USAGE}
JOB = {
    "id": "ftjob-1",
    "status": "running",
    "model": "m",
    "metadata": {"vqaft_key": "k"},
    "error": {"code": "c", "message": "m", "param": "p"},
    "result_files": ["file-1"],
    "trained_tokens": 5,
    "created_at": 1,
    "estimated_finish": 2,
    "suffix": "s",
    "model_output_name": "me/m",
    "token_count": 3,
    "events": [{"message": "m"}],
}
EVENT = {
    "id": "e",
    "created_at": 1,
    "level": "info",
    "type": "metrics",
    "message": "m",
    "data": {"step": 1, "loss": 0.5},
}
FIREWORKS = {
    "name": "accounts/me/supervisedFineTuningJobs/j",
    "state": "JOB_STATE_RUNNING",
    "status": {"code": "OK", "message": "m"},
    "jobProgress": {"percent": 4, "epoch": 1},
    "createTime": "2026-11-20T17:35:45Z",
    "displayName": "d",
    "filenameToSignedUrls": {"f": "https://x"},
    "datasets": [{"name": "accounts/me/datasets/d"}],
}
BATCH = {
    "id": "b",
    "status": "completed",
    "request_counts": {"completed": 1, "failed": 0, "total": 1},
    "errors": {"data": [{"line": 1, "message": "m"}]},
    "metadata": {},
    "output_file_id": "o",
}
METRICS = {"metrics": [{"train_global_step": 1, "train/loss": 0.5, "eval/loss": 0.1}]}
RESULT = {"custom_id": "0" * 32, "response": {"status_code": 200, "body": CHAT}, "error": {"code": "c", "message": "m"}}
HEADERS = {
    "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT",
    "date": "Wed, 21 Oct 2026 07:27:00 GMT",
    "retry-after-ms": "250",
    "x-ratelimit-remaining-requests": "0",
    "x-ratelimit-reset-requests": "1m30s",
}
CSV = b"step,train_loss,train_accuracy\n1,0.5,0.25\n2,nan,\n"
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**30, 1.5, float("nan"), float("inf"), -1e308),
    *("", "x", "\ud800", "\0\n\u2028", "9" * 5000),
    *([], {}, [None], [[[]]], {"id": 5}, {"": {}}, ["a", 1], {"data": "x"}),
)


def damaged(value: Any, chance: random.Random) -> Any:
    """Return a copy in which up to three places hold something else, or nothing."""
    value = copy.deepcopy(value)
    for _ in range(chance.randint(1, 3)):
        places = list(_places(value))
        if not places:
            return chance.choice(ODD)
        holder, key = chance.choice(places)
        if chance.random() < 0.25:
            del holder[key]
        else:
            holder[key] = copy.deepcopy(chance.choice(ODD))
    return value


def _places(value: Any) -> Iterable[tuple[Any, Any]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in list(entries):
        yield value, key
        yield from _places(inner)


def torn(content: bytes, chance: random.Random) -> bytes:
    """Return bytes with a part changed, cut out, repeated or put in."""
    start = chance.randint(0, len(content))
    end = min(len(content), start + chance.choice((0, 1, 1, 2, 8, 50)))
    middle = chance.choice(
        (b"", bytes([chance.randrange(256)]), content[start:end] * 2, b"\n", b'"', b"\xff\xfe", b"[" * 99)
    )
    return content[:start] + middle + content[end:]


def of_json(parse: Callable[[dict[str, Any]], Any], *documents: Any) -> Callable[[random.Random], Any]:
    """Return a trial of a parser of JSON objects: a document that was damaged as a value, or as bytes."""

    def attempt(chance: random.Random) -> Any:
        document = damaged(chance.choice(documents), chance)
        content = json.dumps(document).encode()
        return parse(Answer(content=torn(content, chance) if chance.random() < 0.5 else content).json())

    return attempt


def of_bytes(parse: Callable[[bytes], Any], *contents: bytes) -> Callable[[random.Random], Any]:
    return lambda chance: parse(torn(torn(chance.choice(contents), chance), chance))


def of_headers(chance: random.Random) -> Any:
    headers = {
        name: torn(text.encode(), chance).decode("latin-1") for name, text in HEADERS.items() if chance.random() < 0.8
    }
    body = damaged({"error": JOB["error"]}, chance)
    return error_for_status(chance.choice((400, 429, 500, 999)), body=body, headers=headers), pause_s(headers)


def shown(value: dict[str, Any]) -> None:
    event = event_from(value)
    job = job_from({**JOB, "estimated_finish": event.data.get("step")})
    with JobProgress("j", enabled=False) as bar:
        bar.show(JobUpdate(job=job, events=(event,)))
    metrics_of_events([event, JobEvent(id="x", created_at=0, level="info", type="m", message="m", data={"step": 1})])


class Files:
    """Parsers of files of an earlier run, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "file"
        with Journal(folder / "journal") as journal:
            for number in range(3):
                journal.keep(f"k{number}", Prediction(example_id="e", model="m", answer="red"))
        ledger = Ledger(folder / "ledger")
        for number in range(3):
            ledger.record("intent", account="a", key=f"k{number}")
        Predictions([Prediction(example_id="e", model="m", answer="red")]).write(folder / "predictions")
        self.contents = {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}

    def journal(self, content: bytes) -> None:
        self.path.write_bytes(content)
        with Journal(self.path) as journal:
            for number in range(3):
                journal.find(f"k{number}", example_id="e")
            journal.keep("new", Prediction(example_id="e", model="m", answer="red"))

    def ledger(self, content: bytes) -> None:
        self.path.write_bytes(content)
        ledger = Ledger(self.path)
        list(ledger.entries())
        ledger.record("note", account="a")

    def predictions(self, content: bytes) -> None:
        self.path.write_bytes(content)
        Predictions.read(self.path)


def parsers(folder: Path) -> dict[str, Callable[[random.Random], Any]]:
    """Return a trial of every parser, by its name."""
    files = Files(folder)
    page = {"object": "list", "data": [JOB, JOB], "has_more": True}
    result = json.dumps(RESULT).encode() + b"\n"
    return {
        "chat reply": of_json(lambda value: outcome_of_reply(reply_from(value)), CHAT),
        "job": of_json(job_from, JOB),
        "file": of_json(file_from, {"id": "f", "filename": "n", "bytes": 3, "status": "processed"}),
        "batch": of_json(batch_from, BATCH),
        "checkpoint": of_json(checkpoint_from, {"id": "c", "step_number": 3, "metrics": {"loss": 1.0}}),
        "event": of_json(shown, EVENT),
        "page": of_json(lambda value: page_from(value, job_from), page),
        "together job": of_json(together_job, JOB),
        "together file": of_json(together_file, {"id": "f", "bytes": 3, "data": {"id": "f"}}),
        "together event": of_json(together_event, EVENT),
        "together checkpoint": of_json(together_checkpoint, {"step": 3, "path": "p"}),
        "together metrics": of_json(together_metrics, METRICS),
        "fireworks job": of_json(lambda value: (fireworks_job(value), fireworks_progress(value)), FIREWORKS),
        "fireworks dataset": of_json(fireworks_dataset, FIREWORKS),
        "fireworks list": of_json(lambda value: (objects_in(value, "datasets"), signed_address(value)), FIREWORKS),
        "error and headers": of_headers,
        "batch results": of_bytes(lambda content: list(read_results(content, model="m")), result * 3),
        "batch results, damaged values": lambda chance: list(
            read_results(json.dumps(damaged(RESULT, chance)).encode(), model="m")
        ),
        "metrics file": of_bytes(read_metrics, CSV, b"c3RlcCx0cmFpbl9sb3NzCjEsMC41Cg=="),
        "journal": of_bytes(files.journal, files.contents["journal"]),
        "ledger": of_bytes(files.ledger, files.contents["ledger"]),
        "predictions": of_bytes(files.predictions, files.contents["predictions"]),
    }


def try_all(count: int, seed: int) -> dict[str, int]:
    """Try each parser on so many inputs and return how many each was given.

    Raises:
        Exception: Whatever a parser raised that is not the library's own, with the parser's name and the seed.
    """
    tried: dict[str, int] = {}
    quiet = contextlib.redirect_stdout(io.StringIO())
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings(), quiet:
        warnings.simplefilter("ignore")
        for name, attempt in parsers(Path(place)).items():
            for number in range(count):
                try:
                    attempt(random.Random(f"{seed} {name} {number}"))  # noqa: S311 - inputs, not secrets
                except VqaftError:
                    pass
                except Exception as error:
                    error.add_note(f"parser {name!r}, seed {seed}, input {number}")
                    raise
            tried[name] = count
    return tried


if __name__ == "__main__":
    given = try_all(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
    print(f"{len(given)} parsers, {sum(given.values()):,} inputs: values and the library's own errors only")
