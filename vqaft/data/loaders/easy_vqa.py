"""The easy-vqa dataset: small shapes on small images, from PyPI."""

from __future__ import annotations

from typing import Literal

from vqaft.data.example import VQAExample
from vqaft.errors import MissingExtraError
from vqaft.typed import typed_call


@typed_call
def load_easy_vqa(part: Literal["train", "test"] = "train") -> list[VQAExample]:
    """Load one part of easy-vqa: 4,000 images with 38,575 questions to train on, or 1,000 with 9,673 to test on.

    Questions are of the types `yes/no`, `color` and `shape`, told by their words.

    Args:
        part: Which of the dataset's own two parts.

    Returns:
        The examples; their ids are `train-0`, `train-1` … in the dataset's own order.

    Raises:
        MissingExtraError: If the package `easy_vqa` is not installed.
        DataError: If there is no such part.
    """
    try:
        import easy_vqa
    except ImportError:
        raise MissingExtraError("easy_vqa", extra="easy-vqa") from None
    if part == "train":
        columns, paths = easy_vqa.get_train_questions(), easy_vqa.get_train_image_paths()
    else:
        columns, paths = easy_vqa.get_test_questions(), easy_vqa.get_test_image_paths()
    return [
        VQAExample(
            id=f"{part}-{number}",
            image=paths[image],
            question=question,
            answers=(answer,),
            question_type=_type(question),
            metadata={"image": image},
        )
        for number, (question, answer, image) in enumerate(zip(*columns, strict=True))
    ]


def _type(question: str) -> str:
    if question.startswith(("is ", "does ")):
        return "yes/no"
    return "color" if "color" in question else "shape"
