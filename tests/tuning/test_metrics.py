"""Result files of every kind that was seen."""

from __future__ import annotations

import base64
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.errors import StateError
from vqaft.service import RetryPolicy
from vqaft.tuning import FineTuneClient, JobEvent, JobSpec, StepMetrics, TrainingMetrics, metrics_frame, read_metrics

TABLE = b"step,train_loss,train_accuracy,valid_loss\n1,0.9,0.5,\n2,0.5,nan,0.7\n"
WANTED = (
    StepMetrics(step=1, values={"train_loss": 0.9, "train_accuracy": 0.5}),
    StepMetrics(step=2, values={"train_loss": 0.5, "valid_loss": 0.7}),
)


@pytest.mark.parametrize(
    "content",
    [
        TABLE,
        base64.b64encode(TABLE),
        base64.encodebytes(TABLE),
        b"\xef\xbb\xbf" + TABLE,
        TABLE.replace(b"\n", b"\r\n"),
        TABLE + b"\n\n",
    ],
)
def test_reads_a_table_however_it_comes(content: bytes) -> None:
    assert read_metrics(content) == WANTED


@pytest.mark.parametrize(
    ("content", "count"),
    [(b"", 0), (b"step\n1\n", 1), (b"epoch,loss\n1,2\n", 0), (b"step,loss\nx,1\n2,inf\n", 1), (b"<html>no</html>", 0)],
)
def test_what_is_no_table_gives_what_can_be_read(content: bytes, count: int) -> None:
    assert len(read_metrics(content)) == count


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**9),
            st.dictionaries(st.sampled_from(["train_loss", "a,b", 'q"', "é"]), st.floats(-1e9, 1e9), min_size=1),
        )
    )
)
def test_what_is_written_is_read_again(rows: list[tuple[int, dict[str, float]]]) -> None:
    metrics = TrainingMetrics(StepMetrics(step=step, values=values) for step, values in rows)
    with tempfile.TemporaryDirectory() as folder:
        path = metrics.write(Path(folder) / "metrics.csv")
        if rows:
            assert TrainingMetrics.read(path) == metrics
        else:
            with pytest.raises(StateError, match="holds no training metrics"):
                TrainingMetrics.read(path)


@given(st.binary(max_size=200))
def test_no_content_breaks_it(content: bytes) -> None:
    for row in read_metrics(content):
        assert all(abs(value) < float("inf") for value in row.values.values())


@pytest.fixture
def client(service: Any, retry: RetryPolicy, tmp_path: Path) -> FineTuneClient:
    service.create_job(JobSpec(model="base", training_file="file-1"))
    return FineTuneClient(service, ledger=tmp_path / "ledger.jsonl", retry=retry, progress=False)


def test_reads_the_result_files_of_a_job(service: Any, client: FineTuneClient, tmp_path: Path) -> None:
    (tmp_path / "results.csv").write_bytes(TABLE)
    file = service.upload_file(tmp_path / "results.csv", filename="results.csv")
    service.jobs[0] = replace(service.jobs[0], result_files=(file.id,))
    assert client.metrics("job-0") == WANTED


def test_reads_the_events_where_there_is_no_file_yet(service: Any, client: FineTuneClient) -> None:
    data: list[dict[str, Any]] = [
        {"step": 2, "train_loss": 0.5, "total_steps": 9},
        {"step": 1, "train_loss": 0.9},
        {"step": 2, "valid_loss": 0.7, "note": "words"},
        {},
    ]
    service.events = [
        JobEvent(id=f"e{n}", created_at=n, level="info", type="metrics", message="", data=values)
        for n, values in enumerate(data)
    ]
    assert client.metrics("job-0") == (
        StepMetrics(step=1, values={"train_loss": 0.9}),
        StepMetrics(step=2, values={"train_loss": 0.5, "valid_loss": 0.7}),
    )


def test_becomes_a_frame() -> None:
    pytest.importorskip("pandas", reason="needs pandas")
    frame = metrics_frame(WANTED)
    assert list(frame.index) == [1, 2]
    assert frame["train_loss"].tolist() == [0.9, 0.5]
    assert len(metrics_frame([])) == 0
