"""One question about one image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

from vqaft.errors import DataError
from vqaft.images import ImageSource

QuestionKind: TypeAlias = Literal["closed", "open"]
"""Closed questions have an answer to choose, open ones an answer to find."""

_NO_METADATA: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class VQAExample:
    """A question about an image, with the answers that count as right.

    Holds no decoded pixels of its own: `image` says where they are (or is the bytes of the file), so that examples are
    cheap to keep and to pickle.

    Attributes:
        id: Names the example in every file and table; unique within a data set.
        image: Where the image is: a path, the bytes of an image file, a URL, and so on.
        question: What is asked.
        answers: What counts as right; the first is the canonical one, which is trained on. Empty where unknown.
        question_type: The question's type in this domain, e.g. "colour" or "title".
        kind: Closed or open, where a rule said so (see `with_kinds`); by default `question_kind` goes by the answer.
        group: What must not be split between training and test, e.g. the patient; the image itself by default.
        metadata: Anything else that came with the row, for slices and reports; a read-only copy is kept.

    Raises:
        DataError: If the id, the question or an answer is empty, or the kind is unknown.
    """

    id: str
    image: ImageSource
    question: str
    answers: tuple[str, ...] = ()
    question_type: str | None = None
    kind: QuestionKind | None = None
    group: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=lambda: _NO_METADATA)

    def __post_init__(self) -> None:
        if not self.id.strip():
            raise DataError("the id is empty", hint="Give every example an id of its own.")
        if isinstance(self.answers, str):
            raise DataError("answers is a string, not a tuple of strings", example_id=self.id)
        if not self.question.strip():
            raise DataError("the question is empty", example_id=self.id)
        if not all(answer.strip() for answer in self.answers):
            raise DataError("an answer is empty", example_id=self.id, hint="Leave out answers that are not known.")
        if self.kind is not None and self.kind not in get_args(QuestionKind):
            raise DataError(f"the kind is {self.kind!r}, neither 'closed' nor 'open'", example_id=self.id)
        object.__setattr__(self, "answers", tuple(self.answers))
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)) if self.metadata else _NO_METADATA)

    @property
    def answer(self) -> str:
        """The canonical answer.

        Raises:
            DataError: If the example has no answer.
        """
        if not self.answers:
            raise DataError("no answer is known", example_id=self.id)
        return self.answers[0]

    def __reduce__(self) -> tuple[Any, ...]:
        # A mapping proxy does not pickle; the plain dict behind it does.
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return _rebuild, ({**values, "metadata": dict(self.metadata)},)


def _rebuild(values: dict[str, Any]) -> VQAExample:
    return VQAExample(**values)
