"""What a result says in one sentence, as far as it can be known at little cost."""

from __future__ import annotations

import html
import re
from functools import lru_cache
from pathlib import Path

from vqaft.errors import VqaftError
from vqaft.evaluation import Evaluation, ModelComparison, estimate_text, read_comparison
from vqaft.workbench.folder import FoundFile

MAX_PARSED_BYTES = 4 * 1024 * 1024
"""JSON results up to this length are parsed for the list."""
_HEAD_BYTES = 64 * 1024
_DESCRIPTION = re.compile(r'<meta name="description" content="([^"]*)">')


@lru_cache(maxsize=500)
def headline(file: FoundFile) -> str:
    """Return what a result says; empty where that is not known. A file is read once as long as it is the same.

    Args:
        file: A report, an audit, a comparison or an evaluation.
    """
    said = _described(file.path) if file.kind in {"report", "audit"} else _parsed(file)
    return said if file.kind == "evaluation" else said[:1].upper() + said[1:]  # which begins with a model's name


def _parsed(file: FoundFile) -> str:
    if file.size_bytes > MAX_PARSED_BYTES:
        return ""
    try:
        return _result(file)
    except VqaftError as error:
        return f"It cannot be read: {error.message}"


def _result(file: FoundFile) -> str:
    if file.kind == "comparison":
        found = read_comparison(file.path)
        if isinstance(found, ModelComparison):
            return f"{len(found.evaluations)} models: {found.pairs[0].words}"
        return found.overall().words
    evaluation = Evaluation.read(file.path)
    means = ", ".join(f"{mean.scorer} {estimate_text(mean.mean)}" for mean in evaluation.summary(None))
    return f"{evaluation.model}: {means}"


def _described(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(_HEAD_BYTES).decode(errors="replace")
    except OSError:
        return ""
    found = _DESCRIPTION.search(start)
    return html.unescape(found[1]) if found else ""
