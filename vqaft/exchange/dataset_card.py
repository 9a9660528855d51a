"""Dataset cards for the Hugging Face Hub: source, license, size of the splits, and images that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import yaml

from vqaft.exchange.folder import image_name
from vqaft.exchange.rows import Row
from vqaft.exchange.target import check_settings

_SIZES = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))


@dataclass(kw_only=True)
class SplitTally:
    """How many questions and which images a split has.

    Attributes:
        questions: The number of questions.
        images: The names of its images.
    """

    questions: int = 0
    images: set[str] = field(default_factory=set)

    def counted(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield rows as they are, and count them."""
        for row in rows:
            self.questions += len(row.examples)
            self.images.update(map(image_name, row.own_images))
            yield row


@dataclass(frozen=True, kw_only=True)
class DatasetCard:
    """Facts of a dataset card that cannot be derived from the examples.

    Attributes:
        name: The dataset's name, for the title.
        license: The Hub's identifier of the license, e.g. `cc-by-4.0`; "unknown" by default.
        source: Where the images and the answers come from.
        split_report: How the splits were made and checked, e.g. `str(split.report)`.
        language: Codes of the languages of questions and answers.
    """

    name: str = "Visual question answering"
    license: str = "unknown"
    source: str = ""
    split_report: str = ""
    language: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_settings(self, texts=("name", "license", "source", "split_report"), words=("language",))

    def render(self, splits: Mapping[str, SplitTally]) -> str:
        """Return the card as Markdown with YAML metadata.

        Args:
            splits: What each split holds.
        """
        front = yaml.safe_dump(self._metadata(splits), sort_keys=False, allow_unicode=True)
        sections = [f"# {self.name}", _table(splits), _sharing(splits)]
        if self.source:
            sections.append(f"## Source\n\n{self.source}")
        if self.split_report:
            sections.append(f"## Splits\n\n```text\n{self.split_report.strip()}\n```")
        return f"---\n{front}---\n\n" + "\n\n".join(sections) + "\n"

    def _metadata(self, splits: Mapping[str, SplitTally]) -> dict[str, object]:
        total = sum(tally.questions for tally in splits.values())
        size = next((name for limit, name in _SIZES if total < limit), "n>1M")
        return {
            "license": self.license,
            **({"language": list(self.language)} if self.language else {}),
            "task_categories": ["visual-question-answering"],
            "size_categories": [size],
            **_configs(splits),
        }


def data_files_card(splits: Iterable[str]) -> str:
    """Return a README that tells `datasets` which files each split has, and nothing else."""
    return f"---\n{yaml.safe_dump(_configs(splits), sort_keys=False)}---\n"


def _configs(splits: Iterable[str]) -> dict[str, object]:
    files = [{"split": split, "path": f"data/{split}-*"} for split in splits]
    return {"configs": [{"config_name": "default", "data_files": files}]}


def _table(splits: Mapping[str, SplitTally]) -> str:
    lines = [f"| {split} | {tally.questions} | {len(tally.images)} |" for split, tally in splits.items()]
    return "\n".join(["| split | questions | images |", "|---|---|---|", *lines])


def _sharing(splits: Mapping[str, SplitTally]) -> str:
    if len(splits) < 2:  # noqa: PLR2004 - sharing takes two
        return "The dataset has one split."
    seen: set[str] = set()
    shared: set[str] = set()
    for tally in splits.values():
        shared |= seen & tally.images
        seen |= tally.images
    if not shared:
        return "No image stands in two splits, compared by the content of the image files."
    stand = "image stands" if len(shared) == 1 else "images stand"
    return f"**{len(shared)} {stand} in more than one split**, compared by the content of the image files."
