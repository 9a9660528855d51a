"""The page about a split: leaking pairs as pictures, safe with hostile data."""

from __future__ import annotations

import dataclasses
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

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
