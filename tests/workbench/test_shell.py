"""The frame of all pages in a real browser: sign in, navigation, and nothing from elsewhere."""

from __future__ import annotations

from tests.chromium import Browser
from tests.workbench.running import RunningWorkbench


def test_a_link_opens_the_workbench(signed_in: Browser, bench: RunningWorkbench) -> None:
    signed_in.open(bench.url + "/")
    assert signed_in.run("location.pathname") == "/workbench/jobs"
    assert signed_in.run("location.hash") == ""
    assert signed_in.run("document.cookie") == ""
    assert signed_in.run("document.querySelector('nav [aria-current=page]').textContent.trim()") == "Jobs"
    assert signed_in.complaints == []
    assert {request.removeprefix(bench.url)[:10] for request in signed_in.requests} <= {"/", "/workbench"}
