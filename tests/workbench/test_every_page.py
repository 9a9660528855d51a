"""What holds for every page: phone width, dark mode, accessibility, the content policy, and hostile text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from tests.chromium import Browser
from tests.workbench.axe import violations
from tests.workbench.running import RunningWorkbench, chat_rows
from tests.workbench.test_jobs import status, wait_for
from tests.workbench.test_try_it import SCRIPT, png
from vqaft.testing import FixedAnswer, QuickEngine

HOSTILE = '"><img src=x onerror=pwned=1><script>pwned=1</script>\u202e{{7*7}}'
ANSWER = "</textarea></p><script>pwned=1</script>\u2028\u200b'\"<b>"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningWorkbench]:
    """A server whose every name is hostile."""
    engines = {HOSTILE: QuickEngine(), "slow": QuickEngine(epoch_s=0.2)}
    folder = tmp_path_factory.mktemp("hostile")
    with RunningWorkbench.started(folder, engines=engines, judges={ANSWER: FixedAnswer(ANSWER)}) as running:
        yield running


@pytest.fixture(scope="module")
def places(hostile: RunningWorkbench) -> dict[str, str]:
    """The pages, by what they are."""
    file = hostile.upload(chat_rows([ANSWER] * 12, question=HOSTILE), filename=HOSTILE)
    with hostile.openai() as client:
        job = client.fine_tuning.jobs.create(
            model=HOSTILE,
            training_file=file,
            validation_file=file,
            suffix=HOSTILE[:64],
            metadata={HOSTILE[:64]: ANSWER},
        ).id
        wait_for(lambda: status(hostile, job) == "succeeded")
        going = client.fine_tuning.jobs.create(
            model="slow", training_file=file, hyperparameters={"n_epochs": 50}, suffix="<b>going"
        ).id
    return {
        "jobs": "/workbench/jobs",
        "job": f"/workbench/jobs/{job}",
        "going": f"/workbench/jobs/{going}",
        "over": f"/workbench/jobs/{job}?with={going}",
        "try": "/workbench/try",
        "none": "/workbench/none",
    }


@pytest.fixture(scope="module")
def guest(browser: Browser, hostile: RunningWorkbench) -> Browser:
    hostile.sign_in(browser)
    return browser


PAGES = ("jobs", "job", "going", "over", "try")


@pytest.fixture
def opened(guest: Browser, hostile: RunningWorkbench, places: Mapping[str, str], request: Any) -> Browser:
    """A page at phone width, as people who like it dark see it."""
    dark = {"name": "prefers-color-scheme", "value": "dark"}
    guest.call("Emulation.setEmulatedMedia", features=[dark])
    guest.open(hostile.url + places[request.param], width=360, height=740)
    return guest


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_a_page_is_safe_and_fits_a_phone(opened: Browser, hostile: RunningWorkbench) -> None:
    assert opened.run("document.documentElement.scrollWidth <= innerWidth")
    assert opened.run("typeof window.pwned") == "undefined"
    assert opened.run("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    assert opened.complaints == []
    assert [url for url in opened.requests if not url.startswith((hostile.url, "blob:"))] == []
    markup = opened.run("document.documentElement.outerHTML")
    hidden = {sign for sign in markup if unicodedata.category(sign)[0] == "C" or sign == "\u2028"} - {"\n", "\t"}
    assert hidden <= {"\u202e", "\u2028", "\u200b"}  # where a value has to come back as it was, and nothing shows it
    shown = opened.run("document.body.innerText")
    assert not any(sign in shown for sign in "\u202e\u2028\u200b")


@pytest.mark.parametrize("opened", PAGES, indirect=True)
def test_a_page_is_accessible(opened: Browser) -> None:
    assert violations(opened) == []


def test_the_login_is_accessible(browser: Browser, bench: RunningWorkbench) -> None:
    browser.open("about:blank")
    browser.call("Network.clearBrowserCookies")
    browser.open(bench.url + "/", width=360, height=740)
    assert violations(browser) == []
    assert browser.run("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_answers_are_text(hostile: RunningWorkbench) -> None:
    form = {"question": HOSTILE, "system": ANSWER, "base": HOSTILE, "tuned": ANSWER}
    with hostile.signed_in() as page:
        text = page.post("/workbench/try", data=form, files={"image": ("x", png())}, headers=SCRIPT).text
        assert "<script" not in text
        assert "<img src=x" not in text
        assert "&lt;/textarea&gt;" in text
        whole = page.post("/workbench/try", data=form, files={"image": ("x", png())})
        assert whole.status_code == httpx.codes.OK
        assert whole.text.count("<script") == 2  # the two of the page


def test_the_first_thing_that_tab_reaches_skips_the_frame(signed_in: Browser, bench: RunningWorkbench) -> None:
    signed_in.open(f"{bench.url}/workbench/jobs")
    signed_in.press("Tab")
    assert signed_in.run("document.activeElement.textContent") == "Skip to the content"
    assert signed_in.run("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    signed_in.press("Enter")
    assert signed_in.run("document.activeElement.id") == "main"
