"""The published split of VQA-RAD, audited, and a split that can be believed: the figures of docs/how-to/splits.md.

Run it with `python benchmarks/splits_story.py`, or with `--page audit.html` for the page with the pictures.
"""

from __future__ import annotations

import argparse

from benchmarks.splits_data import vqa_rad
from vqaft.data import DatasetSplitter, answer_distribution, audit_splits, label_conflicts, power, question_kind
from vqaft.report import write_audit_page


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", help="where to write the page with the leaking pairs")
    arguments = parser.parse_args()
    published = vqa_rad()
    report = audit_splits(published)
    print("As published\n" + str(report))
    if arguments.page:
        write_audit_page(arguments.page, report, title="VQA-RAD as published")
    everything = [example for part in published.values() for example in part]
    for name, splitter in (
        ("150 / 50 / 100 images", DatasetSplitter()),
        ("fractions 0.7 / 0.1 / 0.2", DatasetSplitter(train=0.7, validation=0.1, test=0.2)),
    ):
        split = splitter.split(everything)
        print(f"\nSplit by image, {name}\n{split.report}")
        print(power(split.test))
        closed = [example for example in split.test if question_kind(example) == "closed"]
        print(f"closed alone: {power(closed)}")
    print(f"\nContradictions in the whole dataset: {len(label_conflicts(everything))}")
    print(answer_distribution(everything))


if __name__ == "__main__":
    main()
