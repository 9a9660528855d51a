"""How far can a judge be trusted? Hold it against people, and against itself.

    python examples/calibrate_judge.py [FOLDER]

Runs with the judge of vqaft's own server, which is a formula and no language model, on a few answers that the author
rated; replace both by yours. Ratings are kept in FOLDER (`runs/calibrate` by default), so a second run costs nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.data import VQAExample
from vqaft.evaluation import (
    AnsweredExample,
    Evaluator,
    HumanLabel,
    JudgeJournal,
    LLMJudge,
    Rating,
    calibrate,
    compare,
    correct_difference,
    measure_consistency,
)
from vqaft.inference import Prediction
from vqaft.server import LocalServer

JUDGE_MODEL = "string-similarity-judge-not-an-llm"  # "gpt-4o-2024-11-20"

VERY, MOSTLY, SOMEWHAT, WRONG = Rating
ANSWERS = (
    # cover, question, truth, the base model's answer and a person's rating, the tuned model's and a person's rating
    (1, "Title?", "The Hobbit", ("The Hobbit", VERY), ("the hobbit.", VERY)),
    (1, "Author?", "J. R. R. Tolkien", ("J. Tolkien", MOSTLY), ("Tolkien", MOSTLY)),
    (2, "Title?", "The Dry Garden", ("A garden without rain", SOMEWHAT), ("Dry Garden", MOSTLY)),
    (2, "Genre?", "Crafts, Hobbies & Home", ("Gardening", WRONG), ("Crafts & Home", MOSTLY)),
    (3, "Title?", "Winter Light", ("Summer Light", WRONG), ("Winter Light", VERY)),
    (3, "Genre?", "Arts & Photography", ("Photography", MOSTLY), ("Arts and Photography", VERY)),
    (4, "Author?", "Beth Chatto", ("Bess Chato", SOMEWHAT), ("Beth Chatto", VERY)),
    (4, "Title?", "Trains of the North", ("A railway book", SOMEWHAT), ("Trains of North", MOSTLY)),
    (5, "Genre?", "Cookbooks, Food & Wine", ("Cooking", SOMEWHAT), ("Cookbooks, Food & Wine", VERY)),
    (5, "Title?", "Bread", ("Bread", VERY), ("Breads", MOSTLY)),
    (6, "Author?", "Mary Oliver", ("not shown", WRONG), ("Oliver Mary", MOSTLY)),
    (6, "Title?", "Owls and Other Fantasies", ("Owls", SOMEWHAT), ("Owls and other fantasies", VERY)),
)


def main(folder: Path) -> None:
    """Calibrate a judge, and correct what it says of two models."""
    examples = [
        VQAExample(id=str(place), image=bytes([cover]), question=question, answers=(truth,))
        for place, (cover, question, truth, _, _) in enumerate(ANSWERS)
    ]
    labels = [
        HumanLabel(answered=AnsweredExample(example=example, answer=answer), level=rating)
        for example, (_, _, _, *both) in zip(examples, ANSWERS, strict=True)
        for answer, rating in both
    ]
    with LocalServer() as server, JudgeJournal(folder / "judge.jsonl") as journal:
        backend = vqaft.OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
        judge = LLMJudge(backend, model=JUDGE_MODEL, journal=journal)

        print("The judge against people:")
        print(calibrate(judge, labels))

        print("\nThe judge against itself:")
        print(measure_consistency(judge, [label.answered for label in labels]))

        evaluator = Evaluator({"judge": judge}, progress=False)
        results = [
            evaluator.evaluate(
                examples,
                [
                    Prediction(example_id=example.id, model=model, answer=both[side][0])
                    for example, (_, _, _, *both) in zip(examples, ANSWERS, strict=True)
                ],
            )
            for side, model in enumerate(("base", "tuned"))
        ]

    comparison = compare(*results, slice_by=None)
    print("\n" + comparison.verdict)

    # In earnest a random part of the examples is rated by people; here it is the first half.
    value = judge.rubric.value
    human = {
        example.id: (value(base_rating), value(tuned_rating))
        for example, (_, _, _, (_, base_rating), (_, tuned_rating)) in zip(examples[:6], ANSWERS, strict=False)
    }
    print("\nTuned minus base, freed of the judge's bias:")
    print(correct_difference(comparison, human))
    print(f"\nThe judge took {judge.usage}.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/calibrate"))
