"""Copy the tables that benchmarks printed, `benchmarks/results/*.md`, into the pages of the documentation.

    python -m benchmarks.paste_tables

The table below a comment `<!-- table: FILE N -->` becomes the N-th table of that file, counted from 1. `promises` makes
the summary on top of the page "How far to trust it" from the other tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
ENOUGH = 0.93
MARK = re.compile(r"<!-- table: (?P<file>\S+)(?: (?P<number>\d+))? -->\n\n(?:\|[^\n]*\n)*")


def tables(text: str) -> list[list[str]]:
    """Return the tables of a Markdown text, each as its lines."""
    return [block.strip("\n").split("\n") for block in re.findall(r"(?:^\|[^\n]*\n)+", text + "\n", re.MULTILINE)]


def result(name: str, number: int = 1) -> list[str]:
    """Return the lines of a table of a result file."""
    return tables((RESULTS / f"{name}.md").read_text(encoding="utf-8"))[number - 1]


def cells(name: str, number: int, *columns: int) -> Iterator[list[str]]:
    """Yield the named columns of the rows of a table."""
    for line in result(name, number)[2:]:
        row = [cell.strip() for cell in line.strip("|").split("|")]
        yield [row[column] for column in columns]


def promises() -> list[str]:
    """Return the summary: what is promised, and the worst that was measured."""
    grid = [(float(covered), mark) for covered, mark in cells("trust_intervals", 1, 5, 8)]
    reliable = [covered for covered, mark in grid if not mark]
    below = sum(covered < ENOUGH for covered in reliable)
    verdicts = [float(share) for (share,) in cells("trust_verdicts", 1, 2)]
    certified = [float(share) for (share,) in cells("trust_verdicts", 2, 1)]
    power = [float(one) for row in cells("trust_verdicts", 4, 2, 3) for one in row if one[0].isdigit()]
    held = [float(share.split()[0]) for (share,) in cells("trust_label_audit", 1, 4)]
    kappa = [float(share) for (share,) in cells("trust_agreement", 1, 4)]
    labeled = [float(share) for (share,) in cells("trust_labels_and_runs", 1, 4)]
    runs = [float(share) for (share,) in cells("trust_labels_and_runs", 2, 2)]
    marked = f"{len(grid) - len(reliable)} more are marked as unreliable"
    lines = [
        (
            "95 % intervals hold the truth in at least 93 of 100 cases",
            f"in {len(reliable) - below} of {len(reliable)} scenarios; {marked}; lowest {min(reliable):.3f}",
            "trust_intervals",
        ),
        (
            "about 5 % of verdicts on equal models are false, or fewer",
            f"at most {max(verdicts):.1%} (standard error 0.7%)",
            "trust_verdicts",
        ),
        (
            "at most 5 % of certificates are false where the loss is exactly the margin",
            f"at most {max(certified):.1%}",
            "trust_verdicts",
        ),
        (
            "a gain that `power` or `detectable` names is found four times in five",
            f"{min(power):.0%} to {max(power):.0%} of the time",
            "trust_verdicts",
        ),
        (
            "the ceiling of a label audit holds the truth",
            f"in at least {min(held):.1%} of the sets",
            "trust_label_audit",
        ),
        (
            "95 % intervals of kappa hold the truth",
            f"{min(kappa):.1%} to {max(kappa):.1%} of the time",
            "trust_agreement",
        ),
        (
            "95 % intervals of a judge corrected by people's labels, and of several runs, hold the truth",
            f"{min(labeled):.1%} and {min(runs):.1%} of the time or more",
            "trust_labels_and_runs",
        ),
    ]
    rows = [f"| {promise} | {found} | `benchmarks/{script}.py` |" for promise, found, script in lines]
    return ["| promise | result | script |", "|---|---|---|", *rows]


def pasted(page: str) -> str:
    """Return the text of a page with the tables of the results."""

    def table(found: re.Match[str]) -> str:
        head = found[0].split("\n", 1)[0]
        lines = promises() if found["file"] == "promises" else result(found["file"], int(found["number"]))
        blank = [] if "|" in found[0] else [""]  # below the first paste, which has taken the blank line
        return "\n".join([head, "", *lines, "", *blank])

    return MARK.sub(table, page)


def main() -> None:
    """Rewrite the pages."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        page = path.read_text(encoding="utf-8")
        if pasted(page) != page:
            path.write_text(pasted(page), encoding="utf-8")
            print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
