"""How well the embedded engine answers questions about images that it has not seen.

Run it with `python benchmarks/embedded_engine.py`. It prints the mean accuracy over seeds; each seed draws other
training and test images, and no image is in both. easy-vqa always runs; the receipts and the radiology images run
where the developers' shared data stands beside the checkout. An answer counts as right when it equals the reference
but for letter case; `spaces ignored` leaves out blanks too, and `exact` counts letter case and blanks.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import orjson
import pybase64

from vqaft.chat import ImagePart, ImageURL, TextPart, UserMessage
from vqaft.engines import ChatTurn, EmbeddedEngine, TrainingTask

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"


@dataclass(frozen=True, kw_only=True)
class Item:
    """A question about an image."""

    image: Path
    question: str
    answer: str
    kind: str

    @property
    def is_closed(self) -> bool:
        """Whether the answer is yes or no."""
        return self.answer.casefold() in {"yes", "no"}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A data set, and how many images to learn from and to ask about."""

    name: str
    items: Sequence[Item]
    n_train: int
    n_test: int


def trials() -> Iterator[Trial]:
    """The data sets that are there."""
    yield Trial(name="easy-vqa", items=easy_vqa_items(), n_train=150, n_test=100)
    for name, n_train, n_test in (("receipts", 70, 40), ("radiology", 150, 100)):
        if (SHARED / name).is_dir():
            yield Trial(name=name, items=shared_items(SHARED / name), n_train=n_train, n_test=n_test)


def easy_vqa_items() -> list[Item]:
    """All questions about the training images of easy-vqa."""
    import easy_vqa

    paths = easy_vqa.get_train_image_paths()
    rows = zip(*easy_vqa.get_train_questions(), strict=True)
    return [Item(image=Path(paths[number]), question=q, answer=a, kind="all") for q, a, number in rows]


def shared_items(folder: Path) -> list[Item]:
    """All questions of one of the shared data sets."""
    rows = [json.loads(line) for line in (folder / "qa.jsonl").read_text(encoding="utf-8").splitlines()]
    return [
        Item(
            image=folder / row["image"],
            question=row["question"],
            answer=str(row["answer"]).strip(),
            kind=row["question_type"].strip(),
        )
        for row in rows
    ]


def split(trial: Trial, seed: int) -> tuple[list[Item], list[Item]]:
    """Draw training and test images."""
    images = sorted({item.image for item in trial.items})
    random.Random(seed).shuffle(images)
    train, test = set(images[: trial.n_train]), set(images[trial.n_train : trial.n_train + trial.n_test])
    return [i for i in trial.items if i.image in train], [i for i in trial.items if i.image in test]


def message(item: Item) -> UserMessage:
    """The item as a user sends it."""
    mime = "image/png" if item.image.suffix == ".png" else "image/jpeg"
    url = f"data:{mime};base64,{pybase64.b64encode_as_string(item.image.read_bytes())}"
    return UserMessage(content=(TextPart(text=item.question), ImagePart(image_url=ImageURL(url=url))))


def write_rows(items: Sequence[Item], path: Path) -> None:
    """Write a training file."""
    with path.open("wb") as file:
        for item in items:
            user = message(item).model_dump(exclude_none=True)
            row = {"messages": [user, {"role": "assistant", "content": item.answer}]}
            file.write(orjson.dumps(row) + b"\n")


def run(trial: Trial, seed: int, cache: Path) -> dict[str, float]:
    """Train, ask, and measure."""
    train, test = split(trial, seed)
    engine = EmbeddedEngine(cache_folder=cache)
    with tempfile.TemporaryDirectory() as name:
        write_rows(train, Path(name, "train.jsonl"))
        (folder := Path(name, "model")).mkdir()
        start = time.perf_counter()
        engine.train(TrainingTask(training_file=Path(name, "train.jsonl"), folder=folder, seed=seed), lambda _: None)
        trained = time.perf_counter()
        model = engine.load(folder)
        turns = [ChatTurn(messages=(message(item),)) for item in test]
        asked = time.perf_counter()
        answers = [model.answer(turn).text for turn in turns]
        answered = time.perf_counter()
    times = {"training, s": trained - start, "answer, ms": 1000 * (answered - asked) / len(test)}
    return scores(test, answers) | times


def scores(items: Sequence[Item], answers: Sequence[str]) -> dict[str, float]:
    """Accuracy overall, by closed and open, and by type."""
    right: dict[str, list[bool]] = defaultdict(list)
    for item, answer in zip(items, answers, strict=True):
        side = "closed" if item.is_closed else "open"
        equal = answer.casefold() == item.answer.casefold()
        spaceless = "".join(answer.casefold().split()) == "".join(item.answer.casefold().split())
        right["all"].append(equal)
        right[side].append(equal)
        right[f"{side}, spaces ignored"].append(spaceless)
        right[f"{side}, exact"].append(answer == item.answer)
        right[f"{side}, {item.kind}, spaces ignored"].append(spaceless)
    return {name: float(np.mean(values)) for name, values in right.items()}


def show(trial: Trial, results: Sequence[Mapping[str, float]]) -> None:
    """Print the mean and the range over seeds."""
    print(f"\n{trial.name}: {trial.n_train} training images, {trial.n_test} test images, {len(results)} seeds")
    for name in sorted(results[0]):
        values = [result[name] for result in results if name in result]
        print(f"  {name:<40} {np.mean(values):8.3f}   {min(values):.3f} to {max(values):.3f}")


def main() -> None:
    """Run all trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()) / "vqaft-readings")
    parser.add_argument("--only", nargs="*", help="names of data sets")
    options = parser.parse_args()
    for trial in trials():
        if not options.only or trial.name in options.only:
            show(trial, [run(trial, seed, options.cache) for seed in options.seeds])


if __name__ == "__main__":
    main()
