"""Accessibility of the page that is open, as axe-core sees it."""

from __future__ import annotations

from pathlib import Path

import axe_core_python

from tests.chromium import Browser

AXE = Path(axe_core_python.__file__).parent / "axe.min.js"


def violations(browser: Browser) -> list[str]:
    """What axe-core finds wrong with the page that is open."""
    browser.run("window.axe !== undefined || (() => {" + AXE.read_text(encoding="utf-8") + "\n})()")
    found: list[str] = browser.run(
        "axe.run().then(({violations}) => violations.flatMap("
        "(one) => one.nodes.map((node) => `${one.id}: ${node.failureSummary} ${node.html.slice(0, 200)}`)))"
    )
    return found
