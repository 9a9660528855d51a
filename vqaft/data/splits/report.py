"""What a split is worth: sizes, balance, and what its parts share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import chain

from pydantic import NonNegativeInt

from vqaft.data.example import VQAExample
from vqaft.escape import counted, visible
from vqaft.images import TRANSFORMED_KINDS
from vqaft.notebook import card, heading, note, table
from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class PartSummary:
    """One part in numbers.

    Attributes:
        name: Its name, e.g. `train`.
        pairs: How many pairs of image and question it has.
        images: How many different images.
        groups: How many groups of images that hang together (the same, look-alikes, or of one named group).
        kinds: Its pairs by kind of question; pairs without an answer have none unless it was set.
        types: Its pairs by type of question, the most frequent first; `""` where there is none.
        answers: Its pairs by canonical answer, without regard to case, the most frequent first.
    """

    name: str
    pairs: NonNegativeInt
    images: NonNegativeInt
    groups: NonNegativeInt
    kinds: Mapping[str, int] = field(hash=False)
    types: Mapping[str, int] = field(hash=False)
    answers: Mapping[str, int] = field(hash=False, repr=False)

    @property
    def closed(self) -> float | None:
        """The share of closed questions among those with an answer, or None without any."""
        known = sum(self.kinds.values())
        return self.kinds.get("closed", 0) / known if known else None


@dataclass(frozen=True, kw_only=True)
@typed
class AlikePair:
    """Two examples of different parts whose images are the same or alike.

    Attributes:
        parts: The names of the parts.
        examples: One example of each, with its image.
        distance: How many of the 64 bits of their perceptual hashes differ; None if not compared.
        same: Whether the files are the same, byte for byte.
        images: Which image of each example is meant, counted from 0.
        transformed: Whether one is a cropped, mirrored, turned or bordered copy of the other, or a screenshot of it.
    """

    parts: tuple[str, str]
    examples: tuple[VQAExample, VQAExample]
    distance: NonNegativeInt | None
    same: bool
    images: tuple[int, int] = (0, 0)
    transformed: bool = False


@dataclass(frozen=True, kw_only=True)
@typed
class Overlap:
    """What two parts share, counted in images of the second.

    Attributes:
        parts: The names of the two parts.
        images: How many images the second part has.
        same: How many of them the first part has too, byte for byte.
        alike: How many more look like an image of the first part.
        transformed: How many more are a cropped, mirrored, turned or bordered copy or a screenshot of an image of the
            first part, or the other way round.
        groups: Named groups that both parts have, e.g. patients.
        leaks: One pair for each image counted in `same`, `alike` or `transformed`: the image and its counterpart.
        nearest: The nearest pair that is left, farther apart than look-alikes; None where there is none.
        none_within: How many bits were searched where other images were compared and none was found; else None.
    """

    parts: tuple[str, str]
    images: NonNegativeInt
    same: NonNegativeInt
    alike: NonNegativeInt
    groups: tuple[str, ...]
    leaks: tuple[AlikePair, ...] = field(repr=False)
    nearest: AlikePair | None = field(repr=False)
    none_within: NonNegativeInt | None = None
    transformed: NonNegativeInt = 0

    def __str__(self) -> str:
        first, second = self.parts
        text = f"{self.same} of the {self.images} images of {second} are in {first} too"
        if self.alike:
            text += f", and {self.alike} more look like one there"
        if self.transformed:
            kinds = "cropped, mirrored, turned or bordered copies or screenshots"
            text += f", and {self.transformed} more are {kinds} of one there"
        if self.groups:
            text += f"; both have {counted(len(self.groups), 'group')}, such as {self.groups[0]!r}"
        if self.nearest is not None and self.nearest.distance is not None:
            text += f"; the nearest of the others differ in {self.nearest.distance} of 64 bits"
        elif self.none_within is not None:
            text += f"; of the others none is within {self.none_within} of 64 bits"
        return visible(text)


@dataclass(frozen=True, kw_only=True)
@typed
class SplitReport:
    """The proof that a split can be believed, or that it cannot.

    Attributes:
        parts: The parts in numbers.
        overlaps: What every two parts share.
        unseen_answers: For each part but the first, its answers that the first part never shows, with their pairs. A
            model that only repeats answers cannot get them right.
        near_duplicate_groups: How many groups of two or more different files look alike, over all parts together.
        near_duplicate_images: How many images are in these groups.
        distance: How many of 64 bits may differ between look-alikes; None if only contents were compared.
        transformed: Whether cropped, mirrored, turned and bordered copies and screenshots were looked for.
        by_content: How many images were compared by their contents only, though look-alikes were looked for: web
            addresses, and pictures of one color.
    """

    parts: tuple[PartSummary, ...]
    overlaps: tuple[Overlap, ...]
    unseen_answers: Mapping[str, Mapping[str, int]] = field(hash=False, repr=False)
    near_duplicate_groups: NonNegativeInt
    near_duplicate_images: NonNegativeInt
    distance: NonNegativeInt | None
    transformed: bool = False
    by_content: NonNegativeInt = 0

    @property
    def ok(self) -> bool:
        """Whether no shared image, look-alike or named group was found; `not_looked_for` says what could be there."""
        return not any(overlap.leaks or overlap.groups for overlap in self.overlaps)

    @property
    def not_looked_for(self) -> str:
        """The copies that were not looked for, in words."""
        looks = ["files saved again or resized"] * (self.distance is None)
        if self.by_content:
            looks.append(f"look-alikes of {counted(self.by_content, 'image')} at web addresses or of one color")
        looks += [TRANSFORMED_KINDS] * (not self.transformed)
        return "; ".join([*looks, "other crops, turns by other angles, and pictures inside others without an edge"])

    @property
    def look_alikes(self) -> str:
        """What was found about different files that look alike, in words."""
        if self.distance is None:
            return "the pictures were not compared"
        if not self.near_duplicate_groups:
            return "no two different files look alike" + (" among those compared" if self.by_content else "")
        groups = counted(self.near_duplicate_groups, "group")
        return f"{self.near_duplicate_images} different files look alike, in {groups}"

    @property
    def leaks(self) -> tuple[AlikePair, ...]:
        """Every pair of images that gives one part away to another."""
        return tuple(chain.from_iterable(overlap.leaks for overlap in self.overlaps))

    def overlap(self, first: str, second: str) -> Overlap:
        """Return what two parts share.

        Args:
            first: The name of the part that stands first in the report.
            second: The name of the other.

        Raises:
            KeyError: If there are no such parts in this order.
        """
        for overlap in self.overlaps:
            if overlap.parts == (first, second):
                return overlap
        raise KeyError((first, second))

    def __str__(self) -> str:
        width = max(len(part.name) for part in self.parts)
        lines = [f"{'part':<{width}}  images   pairs  groups  closed  unseen answers"]
        for part in self.parts:
            closed = "-" if part.closed is None else f"{part.closed:.1%}"
            unseen = self.unseen_answers.get(part.name)
            share = "-" if unseen is None or not part.pairs else f"{sum(unseen.values()) / part.pairs:.1%} of pairs"
            numbers = f"{part.images:>6}  {part.pairs:>6}  {part.groups:>6}  {closed:>6}  {share:>14}"
            lines.append(f"{part.name:<{width}}  {numbers}")
        lines.append(self.look_alikes)
        fine = "ok  " if self.distance is not None else "same files only:"  # "ok" is for looks that were taken
        fine = "nothing found where compared:" if self.by_content else fine
        lines += [f"{'LEAK' if overlap.leaks or overlap.groups else fine} {overlap}" for overlap in self.overlaps]
        lines.append(f"not looked for: {self.not_looked_for}")
        return visible("\n".join(lines), keep="\n")

    def _repr_html_(self) -> str:
        columns = ("part", "images", "pairs", "groups", "closed", "pairs with answers never trained on")
        rows = [
            (part.name, part.images, part.pairs, part.groups, _share(part.closed), self._unseen(part))
            for part in self.parts
        ]
        leaks = [f"{'Leak: ' if overlap.leaks or overlap.groups else ''}{overlap}." for overlap in self.overlaps]
        words = [*leaks, f"Look-alikes: {self.look_alikes}.", f"Not looked for: {self.not_looked_for}."]
        verdict = "The parts share nothing that was looked for." if self.ok else "This split leaks."
        return card([], [heading(verdict), table(columns, rows), *map(note, words)])

    def _unseen(self, part: PartSummary) -> str:
        unseen = self.unseen_answers.get(part.name)
        return "–" if unseen is None or not part.pairs else _share(sum(unseen.values()) / part.pairs)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"
