"""The page about a split: leaking pairs as pictures, safe with hostile data."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

import vqaft
from tests.chromium import Browser
from tests.data.pictures import example, picture
from vqaft.data import VQAExample, audit_splits
from vqaft.errors import MissingExtraError
from vqaft.report import write_audit_page
from vqaft.report.audit_page import render_audit_page

TRAIN = [example(f"{seed}", picture(seed)) for seed in range(6)]
TEST = [example("copy", picture(2)), example("alike", picture(3, brightness=1.1)), example("new", picture(50))]
HOSTILE = "<script>alert(1)</script> $8.20 $9"


class Tags(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_leaking_pairs_are_shown_as_pictures(tmp_path: Path) -> None:
    report = audit_splits({"train": TRAIN, "test": TEST})
    html = write_audit_page(tmp_path / "audit.html", report, title="My split").read_text(encoding="utf-8")
    pictures = [attributes for tag, attributes in Tags(html).found if tag == "img"]
    assert len(pictures) == 4
    assert all((attributes["src"] or "").startswith("data:image/webp;base64,") for attributes in pictures)
    assert "My split" in html
    assert "This split leaks" in html
    assert "the same file" in html
    assert "1 of the 3 images of test are in train too, and 1 more look like one there" in html


def test_the_head_names_data_day_and_versions() -> None:
    report = audit_splits({"train": TRAIN, "test": TEST})
    html = render_audit_page(report, data="receipts <of> 2024", date=dt.date(2026, 3, 1))
    facts = dict(re.findall(r"<dt>([^<]*)</dt><dd>([^<]*)</dd>", html))
    assert facts == {
        "data": "receipts &lt;of&gt; 2024",
        "parts": "train, test",
        "compared": "9 images, 9 pairs",
        "by": "contents, and looks within 4 of 64 bits",
        "date": "1 March 2026",
        "made by": f"vqaft {vqaft.__version__}",
    }
    assert html == render_audit_page(report, data="receipts <of> 2024", date=dt.date(2026, 3, 1))
    assert f"One file of {round(len(html.encode()) / 1e3)} kB" in html
    assert "by</dt><dd>contents alone" in render_audit_page(audit_splits({"a": TRAIN, "b": TEST}, distance=None))


def test_parts_that_leak_come_first() -> None:
    html = render_audit_page(audit_splits({"train": TRAIN, "validation": [example("v", picture(90))], "test": TEST}))
    headings = re.findall(r'<h2 id="overlap-[^>]*class="(\w+)">([^<]*)</h2>', html)
    assert headings[0] == ("leak", "train and test: a leak")
    assert sorted(headings[1:]) == [("fine", "train and validation"), ("fine", "validation and test")]
    assert "in validation too" not in html.partition("</header>")[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_needs_nothing(browser: Browser, tmp_path: Path, scheme: str) -> None:
    page = write_audit_page(tmp_path / "audit.html", audit_splits({"train": TRAIN, "test": TEST}))
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    try:
        for width in (390, 1280):
            browser.open(page, width=width)
            assert browser.run("document.documentElement.scrollWidth") == width
        assert browser.run("[...document.images].every(image => image.naturalWidth > 0)")
        assert browser.run(CONTRAST) >= 4.5
    finally:
        browser.call("Emulation.setEmulatedMedia", features=[])
    assert browser.complaints == []
    assert [url for url in browser.requests if not url.startswith("file:")] == []


CONTRAST = """(() => {
  const light = color => color.match(/[0-9.]+/g).slice(0, 3).map(Number).map(part => part / 255)
    .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const ratio = other => (Math.max(paper, other) + 0.05) / (Math.min(paper, other) + 0.05);
  const parts = document.querySelectorAll('h1, h2, p, dt, dd, td, th, .part, .id, figcaption');
  return Math.min(...[...parts].map(part => ratio(light(getComputedStyle(part).color))));
})()"""
"""The least contrast of a text with the page, as WCAG 2 defines it."""


def test_nothing_comes_from_outside_and_nothing_runs() -> None:
    hostile = dataclasses.replace(TEST[0], id=HOSTILE, question=HOSTILE, answers=(HOSTILE,), question_type=HOSTILE)
    html = render_audit_page(audit_splits({"train": TRAIN, HOSTILE: [hostile]}), title=HOSTILE)
    tags = Tags(html).found
    assert "script" not in {tag for tag, _ in tags}
    assert not [attributes for _, attributes in tags if any(name.startswith("on") for name in attributes)]
    assert not re.findall(r"""(?:src|href)=["'](?!data:|#)""", re.sub(r"xlink:href", "href", html))
    assert "&lt;script&gt;" in html


def test_a_clean_split_shows_its_nearest_pair() -> None:
    near = example("near", picture(3, brightness=1.6))
    html = render_audit_page(audit_splits({"train": TRAIN, "test": [*TEST[2:], near]}))
    assert "No two parts share an image, a look-alike or a named group." in html
    assert "The nearest pair" in html
    assert html.count("<img") == 2


@pytest.mark.parametrize("package", ["jinja2", "matplotlib.figure"])
def test_packages_may_be_missing(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtraError, match=r"pip install 'vqaft\[report\]'"):
        render_audit_page(audit_splits({"train": TRAIN, "test": TEST}))


def test_the_rest_is_counted() -> None:
    html = render_audit_page(audit_splits({"train": TRAIN, "test": TRAIN}), most=2)
    assert html.count("<img") == 4
    assert "and 4 more" in html


def test_images_that_cannot_be_shown() -> None:
    broken = VQAExample(id="1", image=b"no image", question="?")
    there = VQAExample(id="2", image="https://example.org/a.png", question="?")
    parts = {"train": [broken, there], "test": [broken, there]}
    html = render_audit_page(audit_splits(parts, distance=None))
    assert html.count("no picture") == 4
