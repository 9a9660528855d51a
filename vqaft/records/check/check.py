"""Everything that is wrong with training files, before money is spent."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from os import PathLike, fspath

from vqaft.errors import DataError
from vqaft.records.check.default_rules import RULES
from vqaft.records.check.problem import Problem
from vqaft.records.check.report import CheckReport
from vqaft.records.check.rule import PairRule, Rule, problem
from vqaft.records.check.scan import Scan, scan_lines
from vqaft.records.limits import OPENAI, ProviderLimits
from vqaft.records.lines import read_cut_lines
from vqaft.records.rows import Row

PARTS = ("train", "validation", "test")
"""The names of the files of a set, in the order in which each must be unseen by those before it."""


def check_file(
    path: str | PathLike[str],
    *,
    limits: ProviderLimits = OPENAI,
    rules: Sequence[Rule] = RULES,
    workers: int = 1,
) -> CheckReport:
    """Look for all problems of a training file: its lines, rows, images, and rows side by side.

    Image headers and base64 are always looked at, pixels and the web only by rules that are added:
    `check_file(path, rules=(*RULES, unreadable_pixels()), workers=4)`.

    Args:
        path: The file.
        limits: The limits of the provider that it is for.
        rules: What to look for.
        workers: How many threads look at rows; worth it for rules that decode or download.

    Returns:
        What was found; nothing is raised for a bad row.

    Raises:
        DataError: If the file cannot be read at all.
    """
    return check_files({"train": path}, limits=limits, rules=rules, workers=workers)


def check_records(
    records: Iterable[Row], *, limits: ProviderLimits = OPENAI, rules: Sequence[Rule] = RULES, workers: int = 1
) -> CheckReport:
    """Look for all problems of rows before they are written; lines are counted from 1.

    Args:
        records: The rows.
        limits: The limits of the provider that they are for.
        rules: What to look for.
        workers: How many threads look at rows.
    """
    lines = ((number, record.to_json() + b"\n") for number, record in enumerate(records, start=1))
    scan = scan_lines(lines, path=None, limits=limits, rules=rules, workers=workers)
    return _report([scan], scan.problems, limits)


def check_files(
    paths: Mapping[str, str | PathLike[str]],
    *,
    limits: ProviderLimits = OPENAI,
    rules: Sequence[Rule] = RULES,
    near_images: bool = False,
    workers: int = 1,
) -> CheckReport:
    """Look for all problems of the files of a set, and for what they share and should not.

    Args:
        paths: The files by name: "train", "validation", "test", as many as there are.
        limits: The limits of the provider that they are for.
        rules: What to look for.
        near_images: Whether to look for images that look alike; every image is decoded for it, some 500 a second.
        workers: How many threads look at rows.

    Raises:
        DataError: If a file cannot be read, or a name is not known.
    """
    unknown = set(paths) - set(PARTS)
    if unknown:
        raise DataError(f"the name {min(unknown)!r} is not one of {', '.join(PARTS)}")
    scans = [
        scan_lines(
            read_cut_lines(paths[part]),
            path=fspath(paths[part]),
            limits=limits,
            rules=rules,
            hashes=near_images,
            workers=workers,
        )
        for part in PARTS
        if part in paths
    ]
    problems = [found for scan in scans for found in scan.problems]
    return _report(scans, [*problems, *_across(scans, rules)], limits)


def _across(scans: Sequence[Scan], rules: Sequence[Rule]) -> Iterator[Problem]:
    for trained, unseen in itertools.combinations(scans, 2):
        for rule in rules:
            if isinstance(rule, PairRule):
                for line, said in rule.find(trained.facts, unseen.facts):
                    yield problem(rule, said, path=unseen.facts.path, line=line)


def _report(scans: Sequence[Scan], problems: Iterable[Problem], limits: ProviderLimits) -> CheckReport:
    return CheckReport(
        paths=tuple(scan.facts.path for scan in scans if scan.facts.path),
        rows=sum(len(scan.facts.rows) for scan in scans),
        problems=tuple(problems),
        provider=limits.name,
        unchecked=limits.unknown,
    )
