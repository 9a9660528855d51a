"""Write scorers of your own: authors' names and books' titles, as OCR-VQA asks for them.

    python examples/custom_scorer.py

A scorer is any callable that takes an `AnsweredExample` (an example and what a model said) and returns a number from 0
to 1, a truth value, or a `Score` with a reason. A plain function is enough; settings are the fields of a frozen
dataclass. Copy what you need.
"""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.data import VQAExample
from vqaft.evaluation import (
    AnsweredExample,
    Evaluator,
    LenientMatch,
    Score,
    ScoreFailure,
    Scorer,
    compare,
    final_answer,
)
from vqaft.evaluation.scorers.normalize import words
from vqaft.inference import Prediction

HONORIFICS = frozenset({"dr", "prof", "sir", "mr", "mrs", "ms", "phd", "md", "jr", "sr"})


def one_word(answered: AnsweredExample) -> bool:
    """Whether the answer is one word, as the prompt asked: the smallest scorer there is."""
    return len(answered.answer.split()) == 1


@dataclass(frozen=True, kw_only=True)
class AuthorMatch:
    """The same person, however the name is written.

    "Tolkien, J. R. R.", "John Ronald Reuel Tolkien" and "J.R.R. Tolkien" are one author: the surname must be the same,
    and every given name must be the same, or an initial of the other's. Of several authors the first counts.

    Attributes:
        first_only: Whether a truth with several authors asks for the first alone.
    """

    first_only: bool = True

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer."""
        said = author(final_answer(answered.answer), first=True)
        for truth in answered.example.answers:
            if same_person(said, author(truth, first=self.first_only)):
                return Score(value=1.0, reason=f"the same author as {truth!r}")
        return Score(value=0.0, reason=f"another author than {answered.example.answer!r}")


def author(text: str, *, first: bool) -> list[str]:
    """Take a name apart: given names and initials, then the surname."""
    one = text.lower().replace(" & ", " and ").replace(";", " and ").split(" and ")[0] if first else text.lower()
    before, comma, after = one.partition(",")
    turned = comma and len(before.split()) == 1  # "Tolkien, J. R. R."; of "A. Author, B. Author" the first is enough
    name = f"{after} {before}" if turned else before
    return [part for part in words(name.replace(".", " ")) if part not in HONORIFICS]


def same_person(one: list[str], other: list[str]) -> bool:
    """Whether two names can be of one person."""
    if not one or not other or one[-1] != other[-1]:
        return False
    given = zip(one[:-1], other[:-1], strict=False)  # a middle name may be missing
    return all(a == b or (1 in {len(a), len(b)} and a[0] == b[0]) for a, b in given)


@dataclass(frozen=True, kw_only=True)
class TitleMatch:
    """The same book: subtitle, series and edition may be missing, and earn part of the score where they are there.

    Attributes:
        main: What the main title alone is worth, 0 to 1.
    """

    main: float = 0.8

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer."""
        said = final_answer(answered.answer)
        return max((self._compare(said, truth) for truth in answered.example.answers), key=lambda score: score.value)

    def _compare(self, said: str, truth: str) -> Score:
        if words(said) == words(truth):
            return Score(value=1.0, reason="the whole title")
        if words(main_title(said)) == words(main_title(truth)) != ():
            return Score(value=self.main, reason=f"the main title of {truth!r}")
        return Score(value=0.0, reason=f"another title than {truth!r}")


def main_title(title: str) -> str:
    """Cut subtitle, series and edition off: what stands before a colon, a dash or a bracket."""
    for mark in (":", " - ", " – ", " (", " ["):
        title = title.split(mark, maxsplit=1)[0]
    return title


def book(answered: AnsweredExample) -> Score | ScoreFailure | float | bool:
    """One scorer for all questions: authors as authors, titles as titles, anything else leniently."""
    question = answered.example.question.lower()
    scorer: Scorer = AuthorMatch() if "wrote" in question else TitleMatch() if "title" in question else LenientMatch()
    return scorer(answered)


BOOKS = (
    # cover, question, truth, the base model's answer, the tuned model's
    (1, "Who wrote this book?", "J. R. R. Tolkien", "Tolkien, John", "J.R.R. Tolkien"),
    (1, "What is the title of this book?", "The Hobbit: Or There and Back Again", "Hobbits", "The Hobbit"),
    (2, "Who wrote this book?", "Beth Chatto", "Chatto Gardens", "Beth Chatto and Steven Wooster"),
    (2, "What is the title of this book?", "The Dry Garden", "Conclusion: The Dry Garden", "Dry Garden (Classics)"),
)


def main() -> None:
    """Score both models by the scorers above, and compare them."""
    examples = [
        VQAExample(id=str(place), image=bytes([cover]), question=question, answers=(truth,))
        for place, (cover, question, truth, _, _) in enumerate(BOOKS)
    ]
    said = {"base": [answer for *_, answer, _ in BOOKS], "tuned": [answer for *_, answer in BOOKS]}
    evaluator = Evaluator({"book": book, "lenient": LenientMatch(), "one word": one_word}, progress=False)
    results = {
        model: evaluator.evaluate(
            examples,
            [Prediction(example_id=str(place), model=model, answer=answer) for place, answer in enumerate(answers)],
        )
        for model, answers in said.items()
    }
    for row in results["tuned"].rows:
        print(f"{row.question} {row.answers[0]} | {row.answer}")
        for name, score in row.scores.items():
            print(f"    {name}: {score}")
    print(compare(results["base"], results["tuned"], slice_by=None))


if __name__ == "__main__":
    main()
