"""Audit of splits made elsewhere: what their parts share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, combinations
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vqaft.data.example import VQAExample
from vqaft.data.image_table import ImageTable
from vqaft.data.question_rules import question_kind
from vqaft.data.splits.groups import GroupBy, Groups, group_examples
from vqaft.data.splits.report import AlikePair, Overlap, PartSummary, SplitReport
from vqaft.errors import DataError, shown
from vqaft.images import MAX_DISTANCE, NEAR_DISTANCE, closest_across, near_groups, nearest_across
from vqaft.typed import typed_call

Copies: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Pairs of images of the table, of which one is a transformed copy of the other."""


@typed_call
def audit_splits(
    parts: Mapping[str, Iterable[VQAExample]],
    *,
    group_by: GroupBy = None,
    distance: int | None = NEAR_DISTANCE,
    transformed: bool = False,
) -> SplitReport:
    """Find what the parts of a dataset share.

    Args:
        parts: The parts by name, what is trained on first: `{"train": …, "test": …}`. Ids may repeat across parts.
        group_by: What else must not be shared: a metadata column, a function, or None for `VQAExample.group`.
        distance: How many of 64 bits may differ between images that look alike; None to compare contents only,
            without decoding.
        transformed: Whether to look for cropped, mirrored, turned and bordered copies and screenshots too, among up to
            3,000 images.

    Returns:
        The report; it names the looks that were not taken.

    Raises:
        DataError: If there are fewer than two parts, or one is empty.
        ImageError: If an image cannot be read.
    """
    if not isinstance(parts, Mapping):
        hint = 'Write audit_splits({"train": …, "test": …}).'
        raise DataError(f"parts is {shown(parts)}, not a mapping of names to examples", hint=hint)
    found = {name: tuple(examples) for name, examples in parts.items()}
    empty = [name for name, examples in found.items() if not examples]
    if len(found) < 2 or empty:  # noqa: PLR2004 - a pair
        problem = f"part {empty[0]!r} is empty" if empty else f"there are not two parts to compare, but {len(found)}"
        raise DataError(problem, hint="Give the training part first, then what is tested on.")
    everything = tuple(chain.from_iterable(found.values()))
    images = ImageTable.of(everything, looks=distance is not None or transformed, transformed=transformed)
    copies = images.transformed_pairs() if transformed else None
    groups = group_examples(everything, images, group_by=group_by, distance=distance, transformed=copies)
    bounds = np.cumsum([0, *map(len, found.values())])
    views = [
        _Part(name=name, examples=examples, start=int(start), images=images, groups=groups)
        for (name, examples), start in zip(found.items(), bounds, strict=False)
    ]
    summaries = tuple(map(_summary, views))
    alike = np.bincount(near_groups(images.phash[images.visible], distance=distance or 0))
    return SplitReport(
        parts=summaries,
        overlaps=tuple(_overlap(one, other, distance, copies) for one, other in combinations(views, 2)),
        unseen_answers={part.name: _unseen(part, summaries[0]) for part in summaries[1:]},
        near_duplicate_groups=int((alike > 1).sum()),
        near_duplicate_images=int(alike[alike > 1].sum()),
        distance=distance,
        transformed=transformed,
        by_content=0 if distance is None else int((~images.visible).sum()),
    )


@dataclass(frozen=True, kw_only=True)
class _Part:
    """One part with its images, all parts sharing one table."""

    name: str
    examples: Sequence[VQAExample]
    start: int
    images: ImageTable
    groups: Groups

    @property
    def image_of_example(self) -> NDArray[np.int32]:
        """The images of the part's examples, one example after the other."""
        first, last = self.images.starts[[self.start, self.start + len(self.examples)]]
        return self.images.shown[first:last]

    def user(self, place: np.intp) -> tuple[VQAExample, int]:
        """Return the example behind a place in `image_of_example`, and which of its images it is."""
        starts = self.images.starts
        place = starts[self.start] + place
        number = int(np.searchsorted(starts, place, side="right")) - 1
        return self.examples[number - self.start], int(place - starts[number])

    @property
    def names(self) -> set[str]:
        names = self.groups.names[self.start : self.start + len(self.examples)]
        return {name for name in names if name is not None}


def _summary(part: _Part) -> PartSummary:
    answered = [example for example in part.examples if example.answers]
    images = np.unique(part.image_of_example)
    return PartSummary(
        name=part.name,
        pairs=len(part.examples),
        images=len(images),
        groups=len(np.unique(part.groups.of_image[images])),
        kinds=Counter(question_kind(example) for example in part.examples if example.kind or example.answers),
        types=_by_frequency(example.question_type or "" for example in part.examples),
        answers=_by_frequency(example.answer.casefold() for example in answered),
    )


def _by_frequency(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())


def _unseen(part: PartSummary, first: PartSummary) -> dict[str, int]:
    return {answer: count for answer, count in part.answers.items() if answer not in first.answers}


def _overlap(one: _Part, other: _Part, distance: int | None, copies: Copies | None) -> Overlap:
    shared, near, nearest, compared = _compare(one, other, distance)
    transformed = [] if copies is None else _transformed(one, other, copies, known=[*shared, *near])
    return Overlap(
        parts=(one.name, other.name),
        images=len(np.unique(other.image_of_example)),
        same=len(shared),
        alike=len(near),
        transformed=len(transformed),
        groups=tuple(sorted(one.names & other.names)),
        leaks=(*shared, *near, *transformed),
        nearest=None if transformed else nearest,
        none_within=MAX_DISTANCE if compared and nearest is None and not transformed else None,
    )


def _transformed(one: _Part, other: _Part, copies: Copies, *, known: Sequence[AlikePair]) -> list[AlikePair]:
    """Pair images of the second part with one of the first that each is a transformed copy of, the known ones aside."""
    place_of = [dict(zip(*np.unique(part.image_of_example, return_index=True), strict=True)) for part in (one, other)]
    done = {(pair.examples[1].id, pair.images[1]) for pair in known}
    found: dict[int, AlikePair] = {}
    for left, right in chain(zip(*copies, strict=True), zip(*reversed(copies), strict=True)):
        if left in place_of[0] and right in place_of[1] and right not in found:
            (shown, place), (again, position) = one.user(place_of[0][left]), other.user(place_of[1][right])
            if (again.id, position) not in done:
                bits = int(np.bitwise_count(one.images.phash[left] ^ one.images.phash[right]))
                found[right] = AlikePair(
                    parts=(one.name, other.name),
                    examples=(shown, again),
                    images=(place, position),
                    distance=bits,
                    same=False,
                    transformed=True,
                )
    return list(found.values())


def _compare(
    one: _Part, other: _Part, distance: int | None
) -> tuple[list[AlikePair], list[AlikePair], AlikePair | None, bool]:
    """Pair images of the second part with the same or a near image of the first, and find the nearest pair beyond.

    Returns:
        Same images, near images, the nearest pair that is left, and whether others were compared at all.
    """
    looks = one.images
    first, user_of_first = np.unique(one.image_of_example, return_index=True)
    second, user_of_second = np.unique(other.image_of_example, return_index=True)

    def pair(target: int, row: int, bits: int | None, *, same: bool) -> AlikePair:
        (shown, place), (again, position) = one.user(user_of_first[target]), other.user(user_of_second[row])
        return AlikePair(
            parts=(one.name, other.name),
            examples=(shown, again),
            images=(place, position),
            distance=bits,
            same=same,
        )

    same = np.isin(second, first)
    shared = [
        pair(int(np.searchsorted(first, second[row])), row, 0 if looks.visible[second[row]] else None, same=True)
        for row in np.flatnonzero(same).tolist()
    ]
    seen = np.flatnonzero(~same & looks.visible[second])
    there = np.flatnonzero(looks.visible[first])
    queries, targets = looks.phash[second[seen]], looks.phash[first[there]]
    found = nearest_across(queries, targets, within=distance or 0)
    is_near = (found.distance <= distance) if distance is not None else np.zeros(len(seen), dtype=np.bool_)
    near = [
        pair(int(there[found.target[place]]), int(seen[place]), int(found.distance[place]), same=False)
        for place in np.flatnonzero(is_near)[np.argsort(found.distance[is_near], kind="stable")].tolist()
    ]
    rest = np.flatnonzero(~is_near)
    closest = closest_across(queries[rest], targets)
    if closest is None:
        return shared, near, None, bool(len(rest) and len(there))
    query, target, bits = closest
    return shared, near, pair(int(there[target]), int(seen[rest[query]]), bits, same=False), True
