"""What is known of a scorer, so that two evaluations can be told to have used the same one."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vqaft.evaluation.usage import ScorerUsage
from vqaft.serialization import no_extra_fields

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


@no_extra_fields
@dataclass(frozen=True, kw_only=True)
class ScorerFacts:
    """A scorer as it was used.

    Attributes:
        description: The scorer with its settings; equal for two uses of the same scorer.
        levels: Its levels, best first; empty where it has none.
        usage: What it cost in this evaluation, where it asks a service; not compared.
        words: The settings as sentences for people, where the scorer has such words; not compared.
    """

    description: str
    levels: tuple[str, ...] = ()
    usage: ScorerUsage | None = field(default=None, compare=False)
    words: str = field(default="", compare=False)


def usage_lines(scorers: Mapping[str, ScorerFacts]) -> list[str]:
    """Return what the scorers cost that ask a service.

    Args:
        scorers: The scorers by name.
    """
    return [f"{name}: {facts.usage}." for name, facts in scorers.items() if facts.usage is not None]


def merged_usage(parts: Sequence[Mapping[str, ScorerFacts]]) -> dict[str, ScorerFacts]:
    """Return the same scorers with what they cost in all parts together.

    Args:
        parts: The scorers of each part by name, at least one part.
    """
    merged = dict(parts[0])
    for other in parts[1:]:
        for name, facts in merged.items():
            added = other[name].usage
            if facts.usage is not None and added is not None:
                merged[name] = replace(facts, usage=facts.usage.plus(added))
    return merged


def scorer_facts(scorer: Any) -> ScorerFacts:
    """Describe a scorer.

    A value with a repr of its own (a dataclass) is described by it; a function by its module, name, code and the plain
    values bound to it; a scorer with an attribute `levels` (names, best first) is a labelled one, and one with an
    attribute `words` says its settings in sentences.

    Args:
        scorer: A scorer, or a function.
    """
    levels = getattr(scorer, "levels", ())
    words = getattr(scorer, "words", "")
    return ScorerFacts(
        description=_describe(scorer),
        levels=tuple(str(level) for level in levels),
        words=words if isinstance(words, str) else "",
    )


def _describe(scorer: Any) -> str:
    if isinstance(scorer, functools.partial):
        return f"partial({_describe(scorer.func)}, {scorer.args!r}, {sorted(scorer.keywords.items())!r})"
    code = getattr(scorer, "__code__", None)
    if code is not None:
        return f"{scorer.__module__}.{scorer.__qualname__} {_digest(code)}{_bound(scorer)}"
    kind: Any = type(scorer)
    if kind.__repr__ is object.__repr__:
        return f"{kind.__module__}.{kind.__qualname__}({sorted(getattr(scorer, '__dict__', {}).items())!r})"
    return ADDRESS.sub("", repr(scorer))


def _bound(function: Any) -> str:
    cells = [cell.cell_contents for cell in function.__closure__ or ()]
    values = [*cells, *(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()]
    plain = [value for value in values if isinstance(value, str | bytes | int | float | tuple)]
    return f" {plain!r}" if plain else ""


def _digest(code: Any) -> str:
    constants = [_digest(value) if hasattr(value, "co_code") else repr(value) for value in code.co_consts]
    return hashlib.sha256(repr((code.co_code, code.co_names, constants)).encode()).hexdigest()[:12]
