"""Nothing is uploaded for a model that cannot be trained, and its end is told in time."""

from __future__ import annotations

import datetime as dt
import warnings
from pathlib import Path
from typing import Any

import pytest

from vqaft.errors import AuthenticationError, ModelRetiredError, RecordError, RequestRefusedError
from vqaft.providers import CALENDAR, Sunset
from vqaft.service import Ledger, RetryPolicy
from vqaft.tuning import FineTuneClient
from vqaft.tuning.preflight import SunsetGuard

OPENAI = "https://api.openai.com/v1#12ab"
AZURE = "https://me.openai.azure.com/openai/v1#12ab"
AT_HOME = "http://127.0.0.1:8000/v1#12ab"
ROW = b'{"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]}\n'
OTHER_ROW = ROW.replace(b"q", b"another q")


class Service:
    """Says what it is told to about a model."""

    def __init__(self, day: dt.date | None = None, refusal: str | None = None, error: Exception | None = None) -> None:
        self.day, self.refusal, self.error = day, refusal, error

    def shutdown_date(self, _model: str) -> dt.date | None:
        if self.error:
            raise self.error
        return self.day

    def refuses_training(self, _model: str) -> str | None:
        return self.refusal


@pytest.mark.parametrize(
    ("account", "model", "today", "outcome"),
    [
        (OPENAI, "gpt-4o-2024-08-06", "2026-11-23", "warns"),
        (OPENAI, "gpt-4o-2024-08-06", "2026-08-01", "silent"),
        (OPENAI, "gpt-4o-2024-08-06", "2027-01-06", "warns"),
        (OPENAI, "gpt-4o-2024-08-06", "2027-01-07", "refuses"),
        (OPENAI, "ft:gpt-4o-2024-08-06:me::1", "2026-12-24", "warns"),
        (OPENAI, "some-other-model", "2026-12-24", "silent"),
        (OPENAI, "some-other-model", "2027-01-07", "refuses"),
        (AZURE, "gpt-4o-2024-08-06", "2027-01-07", "warns"),
        (AZURE, "gpt-4.1-2025-04-14", "2027-04-15", "refuses"),
        (AT_HOME, "gpt-4o-2024-08-06", "2030-01-01", "silent"),
    ],
)
def test_the_calendar_is_heeded(account: str, model: str, today: str, outcome: str) -> None:
    guard = SunsetGuard(object(), account=account, today=lambda: dt.date.fromisoformat(today))
    if outcome == "refuses":
        with pytest.raises(ModelRetiredError, match="same training file"):
            guard.check(model)
        return
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        guard.check(model)
    assert bool(caught) == (outcome == "warns")


@pytest.mark.parametrize(
    ("service", "outcome"),
    [
        (Service(), None),
        (Service(day=dt.date(2030, 1, 1)), None),
        (Service(day=dt.date(2026, 1, 1)), ModelRetiredError),
        (Service(refusal="closed to new organisations"), ModelRetiredError),
        (Service(error=RequestRefusedError("no such route", status=404)), None),
        (Service(refusal="unknown", error=RequestRefusedError("no such model", status=404)), ModelRetiredError),
        (Service(error=AuthenticationError("key")), AuthenticationError),
    ],
)
def test_the_services_own_word_is_heeded(service: Service, outcome: type[Exception] | None) -> None:
    guard = SunsetGuard(service, account=AT_HOME, today=lambda: dt.date(2026, 11, 23))
    if outcome is None:
        guard.check("m")
    else:
        with pytest.raises(outcome):
            guard.check("m")


def test_every_entry_says_where_and_when_it_was_read() -> None:
    assert all(entry.source and entry.read_on >= dt.date(2026, 11, 23) for entry in CALENDAR)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    (tmp_path / "train.jsonl").write_bytes(ROW * 10)
    (tmp_path / "validation.jsonl").write_bytes(OTHER_ROW * 11)
    return tmp_path / "train.jsonl", tmp_path / "validation.jsonl"


def test_start_looks_uploads_and_creates(
    service: Any, retry: RetryPolicy, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    client = FineTuneClient(service, ledger=Ledger(tmp_path / "ledger.jsonl"), retry=retry, progress=False)
    job = client.start(files[0], validation=files[1], model="base", suffix="shapes", seed=3)
    assert client.start(files[0], validation=files[1], model="base", suffix="shapes", seed=3).id == job.id
    assert (len(service.files), len(service.jobs)) == (2, 1)


def test_start_sends_nothing_where_a_row_is_wrong(
    service: Any, retry: RetryPolicy, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    files[1].write_bytes(OTHER_ROW * 9 + b'{"messages": [{"role": "user", "content": "q"}]}\n')
    client = FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)
    with pytest.raises(RecordError):
        client.start(files[0], validation=files[1], model="base")
    assert not service.calls


def test_start_sends_nothing_for_a_model_that_is_gone(
    service: Any, retry: RetryPolicy, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    gone = Sunset(
        address="service", model="old", training_ends=dt.date(2020, 1, 1), source="test", read_on=dt.date(2020, 1, 1)
    )
    client = FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, calendar=(gone,), progress=False)
    with pytest.raises(ModelRetiredError):
        client.start(files[0], model="old")
    assert not service.calls
