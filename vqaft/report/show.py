"""Examples as pictures with questions and answers, inline in a notebook."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass, field
from itertools import islice
from typing import Annotated

from pydantic import NonNegativeInt, PositiveInt

from vqaft.data import VQAExample
from vqaft.errors import DataError, shown
from vqaft.inference import Prediction
from vqaft.notebook import card, grid, heading, marked, no_picture, note, picture
from vqaft.report.row_groups import PageBudget
from vqaft.report.thumbnails import Gallery, make_gallery
from vqaft.type_rules import CHECKED_LATER
from vqaft.typed import typed, typed_call

MOST = 24
SIDE = 240
MAX_BYTES = 4_000_000
_ANSWERS = 5
_TURNS = 3
_PICTURES = 4
_LEAST_BYTES = 50_000


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
@typed
class ExampleGrid:
    """Examples to look at in a notebook; questions about the same images stand together.

    Attributes:
        examples: The examples that are shown.
        total: How many there are; None where that is not known.
        answers: The answers of each model to each example, by the model's name here and the example's id.
        side: The longest side of a picture in pixels.
        max_bytes: The most that the HTML holds; what does not fit is left out, and counted.
    """

    examples: tuple[VQAExample, ...]
    total: NonNegativeInt | None
    answers: Mapping[str, Mapping[str, Prediction]] = field(default_factory=dict, hash=False)
    side: PositiveInt = SIDE
    max_bytes: PositiveInt = MAX_BYTES

    def __repr__(self) -> str:
        of = "" if self.total is None else f" of {self.total:,}"
        models = f", with the answers of {' and '.join(self.answers)}" if self.answers else ""
        return f"ExampleGrid({len(self.examples)}{of} examples{models}; a notebook shows them)"

    def _repr_html_(self) -> str:
        budget = PageBudget(max_rows=MOST, total_bytes=max(1, self.max_bytes * 3 // 4), max_side=self.side)
        cards, n_shown = [], 0
        room = self.max_bytes
        for group, html in self._cards(make_gallery(self.examples, budget=budget)):
            room -= len(html.encode())
            if room < 0:
                break
            cards.append(html)
            n_shown += len(group)
        return grid(cards, width=max(300, self.side + 40)) + self._left_out(n_shown)

    def _cards(self, gallery: Gallery) -> Iterator[tuple[Sequence[VQAExample], str]]:
        groups: dict[object, list[VQAExample]] = {}
        for example in self.examples:
            groups.setdefault(gallery.place.get(example.id, example.id), []).append(example)
        for group in groups.values():
            first = group[0]
            alt = f"Image of {first.id}"
            images = [picture(one.data_url, alt=alt, width=one.width) for one in gallery.of(first.id)[:_PICTURES]]
            problem = [no_picture(gallery.problems[first.id])] if first.id in gallery.problems else []
            more = [note(f"{len(first.images) - _PICTURES} more images")] if len(first.images) > _PICTURES else []
            yield group, card([*images, *problem, *more], map(self._asked, group))

    def _asked(self, example: VQAExample) -> str:
        turns = [marked("earlier", f"{turn.question} – {turn.answer}") for turn in example.history[-_TURNS:]]
        truth = [marked("truth" if place == 0 else "or", text) for place, text in enumerate(example.answers[:_ANSWERS])]
        said = [self._said(name, answers.get(example.id)) for name, answers in self.answers.items()]
        facts = note(" · ".join(filter(None, (example.id, example.question_type))))
        return "".join([*turns, heading(example.question), *truth, *said, facts])

    @staticmethod
    def _said(name: str, prediction: Prediction | None) -> str:
        if prediction is None:
            return note(f"{name}: was not asked")
        if prediction.failure is not None:
            return note(f"{name}: no answer ({prediction.failure.kind})")
        return marked(name, prediction.answer)

    def _left_out(self, n_shown: int) -> str:
        if self.total is None:
            return note(f"The first {n_shown} examples.")
        return note(f"{n_shown} of {self.total:,} examples.") if n_shown < self.total else ""


@typed_call
def show(
    examples: Annotated[Iterable[VQAExample] | VQAExample, CHECKED_LATER],
    *,
    base: Iterable[Prediction] = (),
    tuned: Iterable[Prediction] = (),
    most: int = MOST,
    side: int = SIDE,
    max_bytes: int = MAX_BYTES,
) -> ExampleGrid:
    """Show examples in a notebook: pictures with their questions and answers, and what models answered.

    The pictures are in the output itself; nothing is fetched, and an image at a web address is named, not shown.

    Args:
        examples: The examples, or one; the first ones are shown.
        base: The base model's predictions, of these examples or of more.
        tuned: The tuned model's.
        most: How many examples to show, at least 1.
        side: The longest side of a picture in pixels, at least 80.
        max_bytes: The most that the output holds, at least 50,000; a notebook keeps it in its file.

    Returns:
        The examples as a value that a notebook shows, when it is the last line of a cell.

    Raises:
        DataError: If an argument is out of its range, or what is to be shown are not examples.
    """
    for name, value, least in (("most", most, 1), ("side", side, 80), ("max_bytes", max_bytes, _LEAST_BYTES)):
        if type(value) is not int or value < least:
            raise DataError(f"{name} is {shown(value)}, not an integer of at least {least}")
    given = (examples,) if isinstance(examples, VQAExample) else examples
    total = len(given) if isinstance(given, Sized) else None
    found = _first(given, most)
    ids = {example.id for example in found}
    sides = {"base": base, "tuned": tuned}
    answers = {name: {one.example_id: one for one in said if one.example_id in ids} for name, said in sides.items()}
    kept = {name: said for name, said in answers.items() if said}
    return ExampleGrid(examples=found, total=total, answers=kept, side=side, max_bytes=max_bytes)


def _first(given: object, most: int) -> tuple[VQAExample, ...]:
    found = tuple(islice(given, most)) if isinstance(given, Iterable) else (given,)
    stray = [one for one in found if not isinstance(one, VQAExample)]
    if stray:
        hint = "Show examples, e.g. one part of a split: show(split.test)."
        raise DataError(f"show is given {shown(stray[0])}, not a VQAExample", hint=hint)
    return found
