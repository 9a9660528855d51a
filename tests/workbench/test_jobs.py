"""The section "Jobs": the list, one job, what can be done with it, and polling that costs little."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from html import unescape

import httpx
import pytest

from tests.chromium import Browser
from tests.workbench.running import RunningWorkbench, chat_rows
from vqaft.workbench.site import FRESH_S

PATIENCE_S = 90.0


def wait_for(check: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not check():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def status(bench: RunningWorkbench, job: str) -> str:
    with bench.openai() as client:
        return client.fine_tuning.jobs.retrieve(job).status


@pytest.fixture(scope="module")
def file(bench: RunningWorkbench) -> str:
    return bench.upload(chat_rows(["red"] * 11 + ["blue"]))


@pytest.fixture(scope="module")
def done(bench: RunningWorkbench, file: str) -> str:
    """A job that has succeeded, with a validation file."""
    with bench.openai() as client:
        job = client.fine_tuning.jobs.create(
            model="quick", training_file=file, validation_file=file, suffix="first", metadata={"who": "a test"}
        ).id
    wait_for(lambda: status(bench, job) == "succeeded")
    return job


@pytest.fixture
def going(bench: RunningWorkbench, file: str) -> Iterator[str]:
    """A job that takes twenty seconds."""
    with bench.openai() as client:
        job = client.fine_tuning.jobs.create(
            model="slow", training_file=file, hyperparameters={"n_epochs": 50}, suffix="long"
        ).id
        yield job
        client.fine_tuning.jobs.cancel(job)


def test_the_list_has_what_one_asks_first(page: httpx.Client, done: str) -> None:
    text = page.get("/workbench/jobs").text
    assert f'href="/workbench/jobs/{done}"' in text
    for words in ("first", "Succeeded", "epoch 3 of 3", "ft:quick:local:first:"):
        assert words in text


def test_the_list_has_pages(bench: RunningWorkbench, page: httpx.Client, file: str, done: str) -> None:
    with bench.openai() as client:
        newer = [client.fine_tuning.jobs.create(model="slow", training_file=file).id for _ in range(20)]
        for job in newer:
            client.fine_tuning.jobs.cancel(job)

    def listed(text: str) -> list[bool]:
        return [f'href="/workbench/jobs/{job}"' in text for job in (*newer, done)]

    first = page.get("/workbench/jobs").text
    assert listed(first) == [True] * 20 + [False]
    older = re.search(r'href="([^"]+)">Older jobs', first)
    assert older is not None
    assert listed(page.get(unescape(older[1])).text) == [False] * 20 + [True]


def test_a_job_shows_everything(page: httpx.Client, done: str) -> None:
    text = page.get(f"/workbench/jobs/{done}").text
    for words in ("first", "train.jsonl", "Loss by step: training from 1 to 0.333; validation from 2 to 0.667", "seed"):
        assert words in text
    for words in ("who", "a test", "The job has successfully completed", "Step 36", "Download as CSV", "Took"):
        assert words in text
    assert "/cancel" not in text
    assert "/pause" not in text


def test_its_measurements_can_be_downloaded(page: httpx.Client, done: str) -> None:
    answer = page.get(f"/workbench/jobs/{done}/metrics.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.splitlines()[0].startswith("step,train_loss")
    assert len(answer.text.splitlines()) == 4


def test_two_jobs_lie_over_each_other(bench: RunningWorkbench, page: httpx.Client, file: str, done: str) -> None:
    with bench.openai() as client:
        other = client.fine_tuning.jobs.create(
            model="quick", training_file=file, suffix="second", hyperparameters={"n_epochs": 5}
        ).id
    wait_for(lambda: status(bench, other) == "succeeded")
    text = page.get(f"/workbench/jobs/{done}", params={"with": other}).text
    expected = "Loss by epoch: first, training from 1 to 0.333; first, validation from 2 to 0.667; second, training"
    assert expected in text
    alone = page.get(f"/workbench/jobs/{done}", params={"with": "none"})
    assert alone.status_code == httpx.codes.OK
    assert "Loss by step" in alone.text


def test_a_job_is_paused_resumed_and_cancelled(bench: RunningWorkbench, page: httpx.Client, going: str) -> None:
    url = f"/workbench/jobs/{going}"
    wait_for(lambda: "epoch" in page.get("/workbench/jobs/live").text)
    assert page.post(f"{url}/pause").headers["location"] == url
    assert "Paused" in page.get(url).text
    page.post(f"{url}/resume")
    wait_for(lambda: "Training" in page.get(url).text)
    page.post(f"{url}/cancel")
    assert "Cancelled" in page.get(url).text
    assert status(bench, going) == "cancelled"


def test_what_failed_says_why(bench: RunningWorkbench, page: httpx.Client) -> None:
    short = bench.upload(chat_rows(["red"]))
    with bench.openai() as client:
        job = client.fine_tuning.jobs.create(model="quick", training_file=short).id
    wait_for(lambda: status(bench, job) == "failed")
    for path in (f"/workbench/jobs/{job}", "/workbench/jobs"):
        assert "there are 1 rows, fewer than 10" in page.get(path).text


@pytest.mark.parametrize("path", ["none", "none/live", "none/metrics.csv"])
def test_what_does_not_exist_is_said(page: httpx.Client, path: str) -> None:
    answer = page.get(f"/workbench/jobs/{path}")
    assert answer.status_code == httpx.codes.NOT_FOUND
    assert "There is no such job" in answer.text


@pytest.mark.parametrize(("job", "action"), [("none", "cancel"), (None, "delete")])
def test_nothing_else_can_be_done(page: httpx.Client, done: str, job: str | None, action: str) -> None:
    assert page.post(f"/workbench/jobs/{job or done}/{action}").status_code == httpx.codes.NOT_FOUND


def test_many_changes_build_a_fragment_once_a_second(bench: RunningWorkbench, page: httpx.Client, done: str) -> None:
    url, rows = f"/workbench/jobs/{done}/live", chat_rows(["red"])
    tags, began = set(), time.monotonic()
    while time.monotonic() - began < 0.5:
        bench.upload(rows)
        tags.add(page.get(url).headers["etag"])
    spent = time.monotonic() - began
    assert len(tags) <= 1 + spent / FRESH_S + 1
    page.post(f"/workbench/jobs/{done}/cancel")  # a form of the pages, whatever it comes to
    assert page.get(url).headers["etag"] not in tags


def test_polling_sends_only_what_is_new(bench: RunningWorkbench, page: httpx.Client, file: str, done: str) -> None:
    url = f"/workbench/jobs/{done}/live"
    first = page.get(url)
    again = page.get(url, headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (httpx.codes.NOT_MODIFIED, b"")
    bench.upload(chat_rows(["red"]))  # any document that changes
    began = time.monotonic()
    while (newer := page.get(url, headers={"if-none-match": first.headers["etag"]})).status_code != httpx.codes.OK:
        assert newer.status_code == httpx.codes.NOT_MODIFIED
        assert time.monotonic() - began < FRESH_S + 5
        time.sleep(0.02)
    assert newer.headers["etag"] != first.headers["etag"]


def test_the_page_follows_the_job(signed_in: Browser, bench: RunningWorkbench, going: str) -> None:
    signed_in.open(f"{bench.url}/workbench/jobs/{going}")
    signed_in.run("document.getElementById('pause')?.focus()")
    step = "Number(document.querySelector('#now progress')?.value ?? 0)"
    wait_for(lambda: signed_in.run(step) > 12)
    seen = signed_in.run(step)
    wait_for(lambda: signed_in.run(step) > seen)  # the curves grow without a click
    assert signed_in.run("document.activeElement.id") == "pause"  # and the focus stays where it was
    assert signed_in.complaints == []


def test_cancelling_is_asked_about_first(signed_in: Browser, bench: RunningWorkbench, going: str) -> None:
    signed_in.open(f"{bench.url}/workbench/jobs/{going}")
    signed_in.run("document.getElementById('cancel').focus()")
    signed_in.press("Enter")
    assert signed_in.run("document.getElementById('confirm').open") is True
    signed_in.press("Escape")
    assert signed_in.run("document.getElementById('confirm').open") is False
    assert status(bench, going) in {"queued", "running"}
    signed_in.run("document.getElementById('cancel').focus()")
    signed_in.press("Enter")
    signed_in.press("Enter")  # the button that says it again has the focus
    wait_for(lambda: status(bench, going) == "cancelled")
