"""VQA-RAD with its published split: from the developers' shared data when present, from the Hub otherwise."""

from __future__ import annotations

from pathlib import Path

from vqaft.data import VQA_RAD, Columns, VQAExample, load_folder, load_hf

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


def vqa_rad() -> dict[str, list[VQAExample]]:
    """Load VQA-RAD.

    Returns:
        The examples of the two published parts, `train` and `test`.
    """
    folder = SHARED / "radiology"
    if folder.is_dir():
        columns = Columns(id="id", question_type="question_type", metadata=("official_split",))
        examples = list(load_folder(folder, columns=columns))
        return {
            name: [example for example in examples if example.metadata["official_split"] == name]
            for name in ("train", "test")
        }
    import datasets

    return {
        name: list(
            load_hf(datasets.load_dataset("flaviagiammarino/vqa-rad", split=name), columns=VQA_RAD, prefix=f"{name}-")
        )
        for name in ("train", "test")
    }
