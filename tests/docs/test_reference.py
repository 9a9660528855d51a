"""The reference says what the code has: every public name, command, option, error, rule, limit and date."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest
import yaml

from docs.reference_pages import REFERENCE, packages, pages

ROOT = REFERENCE.parents[1]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]*)?\)")


@pytest.mark.parametrize(("path", "text"), pages().items(), ids=lambda value: getattr(value, "name", ""))
def test_a_page_is_as_the_code(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run: python docs/reference_pages.py"


def test_every_public_name_has_an_anchor() -> None:
    for package in packages():
        page = (REFERENCE / "api" / f"{package}.md").read_text(encoding="utf-8")
        anchors = set(re.findall(r"^## .* \{#(.*)\}$", page, re.MULTILINE))
        names = getattr(importlib.import_module(f"vqaft.{package}"), "__all__", ())
        assert {f"vqaft.{package}.{name}" for name in names} <= anchors


def test_every_page_is_in_the_navigation() -> None:
    lines = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("nav:\n")[1]
    listed = set(re.findall(r": (\S+\.md)$", lines, re.MULTILINE))
    written = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert yaml.safe_load(lines)
    assert listed == written


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_links_out_of_the_repository_s_pages_lead_somewhere(name: str) -> None:
    for target, _ in LINK.findall((ROOT / name).read_text(encoding="utf-8")):
        assert target.startswith("http") or (ROOT / target).exists(), target
