"""How often lenient match errs on hard outputs, beside the rules of others.

    python benchmarks/lenient_match.py

Prints precision (of the answers that a rule calls right, those that are) and recall (of the right answers, those that
it finds; with and without those that need a synonym or an inference) on the half of `benchmarks/data/hard_outputs` that
was set aside before the grammar of `LenientMatch` was written, then recall by language. Refusals and cut-off reasoning
are removed before `LenientMatch`, as `Evaluator` does; the other rules see the text as it came.

The other rules are restated here from their sources:

- the cookbook's: "Vision Fine-tuning on GPT-4o for Visual Question Answering", the rule for its base model
- SQuAD's exact match: https://rajpurkar.github.io/SQuAD-explorer/, evaluate-v2.0.py
- inspect_ai's `match()` and `includes()`: src/inspect_ai/scorer/_common.py, _match.py
- lmms-eval's rule for open answers (of MMMU): lmms_eval/tasks/mmmu/utils.py, `parse_open_response`, `eval_open`
"""

from __future__ import annotations

import json
import re
import string
from collections.abc import Callable
from pathlib import Path
from typing import Any

from vqaft.data import VQAExample
from vqaft.evaluation import AnsweredExample, ExactMatch, LenientMatch
from vqaft.inference import outcome_of_text

OUTPUTS = Path(__file__).parent / "data" / "hard_outputs" / "frozen.jsonl"
Rule = Callable[[str, tuple[str, ...], str], bool]
ARTICLES = re.compile(r"\b(a|an|the)\b")
PUNCTUATION = str.maketrans("", "", string.punctuation)
EDGES = string.whitespace + string.punctuation


def lenient(answer: str, references: tuple[str, ...], question: str) -> bool:
    """Apply `LenientMatch` to what `Evaluator` would hand it."""
    outcome = outcome_of_text(answer)
    return isinstance(outcome, str) and scored(LenientMatch(), outcome, references, question)


def exact(answer: str, references: tuple[str, ...], question: str) -> bool:
    """Apply `ExactMatch`."""
    return scored(ExactMatch(), answer, references, question)


def scored(scorer: Callable[[AnsweredExample], Any], answer: str, references: tuple[str, ...], question: str) -> bool:
    """Score an answer as right or wrong."""
    example = VQAExample(id="1", image=b"x", question=question, answers=references)
    return bool(scorer(AnsweredExample(example=example, answer=answer)).value == 1)


def cookbook(answer: str, references: tuple[str, ...], question: str) -> bool:  # noqa: ARG001 - a rule's form
    """Find the lower-cased reference as a substring."""
    return any(reference.lower() in answer.lower() for reference in references)


def squad(answer: str, references: tuple[str, ...], question: str) -> bool:  # noqa: ARG001 - a rule's form
    """Compare without case, punctuation and articles."""

    def normal(text: str) -> str:
        return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())

    return any(normal(answer) == normal(reference) for reference in references)


def inspect_match(answer: str, references: tuple[str, ...], question: str) -> bool:  # noqa: ARG001 - a rule's form
    """Find the reference at the end, without case and punctuation around."""
    said = answer.strip().casefold().strip(EDGES)
    return any(said.endswith(reference.strip().casefold().strip(EDGES)) for reference in references)


def inspect_includes(answer: str, references: tuple[str, ...], question: str) -> bool:  # noqa: ARG001 - a rule's form
    """Find the reference anywhere, without case."""
    return any(reference.casefold() in answer.casefold() for reference in references)


INDICATORS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")


def lmms_open(answer: str, references: tuple[str, ...], question: str) -> bool:  # noqa: ARG001 - a rule's form
    """Find the reference in the shortest text behind an indicator such as "is", or the same number."""
    said = {piece for part in key_parts(answer) for piece in (part, *numbers(part))}
    wanted = {piece for reference in references for piece in normal_open(reference)}
    pieces = {piece for part in said for piece in (normal_open(part) if isinstance(part, str) else (part,))}
    for piece in pieces:
        if isinstance(piece, float):
            if piece in wanted:
                return True
        elif any(isinstance(one, str) and one in str(piece) for one in wanted):
            return True
    return False


def key_parts(answer: str) -> list[str]:
    """Take the text behind the last indicators of each sentence."""
    found = []
    sentences = re.split(r"\.\s(?=[A-Z])|\n", answer.strip().strip("."))
    for place, sentence in enumerate(sentences):
        text = sentence.lower().strip()
        last = (*INDICATORS, "=") if place == len(sentences) - 1 else INDICATORS
        tails = [text.split(mark)[-1].strip() for mark in last if mark in text]
        tail = min(tails, key=len, default="")
        if tail and tail not in {":", ",", ".", "!", "?", ";", "'"}:
            found.append(tail)
    return found or [answer]


def numbers(text: str) -> list[float]:
    """Find the numbers of a text."""
    return [
        round(float(part.replace(",", "")), 2) for part in re.findall(r"-?\b\d{1,3}(?:,\d{3})+\b|-?\d+\.?\d*", text)
    ]


def normal_open(text: str) -> tuple[str | float, ...]:
    """Read a number as one, and set a single character off by blanks."""
    text = text.strip()
    try:
        return (round(float(text.replace(",", "")), 2),)
    except ValueError:
        lowered = text.lower()
        return (f" {lowered}", f"{lowered} ") if len(lowered) == 1 else (lowered,)


RULES: dict[str, Rule] = {
    "`LenientMatch`": lenient,
    "`ExactMatch`": exact,
    "the cookbook's substring rule": cookbook,
    "SQuAD exact match": squad,
    "inspect_ai `match()`": inspect_match,
    "inspect_ai `includes()`": inspect_includes,
    "lmms-eval, open answers of MMMU": lmms_open,
}


def main() -> None:
    """Print the table."""
    rows = [json.loads(line) for line in OUTPUTS.read_text(encoding="utf-8").splitlines()]
    right = sum(row["right"] for row in rows)
    easy = sum(row["right"] and not row["needs"] for row in rows)
    print(f"{len(rows)} hard outputs, {right} right; {easy} of them need no synonym or inference\n")
    print("| rule | precision | recall | recall where no synonym or inference is needed | accuracy |")
    print("|---|---|---|---|---|")
    for name, rule in RULES.items():
        said = [rule(row["output"], tuple(row["references"]), row["question"]) for row in rows]
        true = sum(one and row["right"] for one, row in zip(said, rows, strict=True))
        findable = [one for one, row in zip(said, rows, strict=True) if row["right"] and not row["needs"]]
        agree = sum(one == row["right"] for one, row in zip(said, rows, strict=True))
        shares = (true / sum(said), true / right, sum(findable) / len(findable), agree / len(rows))
        print(f"| {name} | {' | '.join(f'{share:.3f}' for share in shares)} |")
    print("\n| language | `LenientMatch` judges rightly |\n|---|---|")
    for language in sorted({row["language"] for row in rows}):
        own = [row for row in rows if row["language"] == language]
        agree = sum(lenient(row["output"], tuple(row["references"]), row["question"]) == row["right"] for row in own)
        print(f"| {language} | {agree} of {len(own)} |")


if __name__ == "__main__":
    main()
