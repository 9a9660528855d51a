"""What a tiny vision-language model learns, and whether it looks: `python benchmarks/open_weights.py`.

A model of 0.7 million random weights is trained on each dataset by the engine of open weights, and asked about images
that it has not seen; the same questions with the images shuffled, and the commonest training answer of each question,
say how much of that needs no eyes. Then LoRA teaches the color model to answer in German. Receipts and radiology run
where the developers' shared data stands beside the checkout. Needs the extra `transformers`; one thread.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vqaft.chat import ChatRecord
from vqaft.data import DatasetSplitter, VQAExample, load_easy_vqa, load_folder
from vqaft.engines import ChatModel, ChatTurn, TrainingTask, TransformersEngine, export_model
from vqaft.records import MessageBuilder, write_jsonl
from vqaft.testing import build_tiny_model, texts_of

SHARED = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
BUILDER = MessageBuilder(system="Answer in one word.")
COLORS = {
    "black": "schwarz",
    "blue": "blau",
    "brown": "braun",
    "gray": "grau",
    "green": "grün",
    "red": "rot",
    "teal": "türkis",
    "yellow": "gelb",
}


@dataclass(frozen=True, kw_only=True)
class Trial:
    """A dataset, and how long it is learnt."""

    name: str
    train: Sequence[VQAExample]
    test: Sequence[VQAExample]
    epochs: int


def trials() -> Iterator[Trial]:
    """Yield the datasets that are there."""
    colors = [example for example in load_easy_vqa() if example.answer in COLORS]
    split = DatasetSplitter(train=2800, validation=0, test=150, seed=1).split(colors)
    yield Trial(name="easy-vqa, colors", train=split.train, test=split.test, epochs=1)
    for name, test in (("receipts", 40), ("radiology", 100)):
        if (SHARED / name).is_dir():
            examples = list(load_folder(SHARED / name, table="qa.jsonl"))
            split = DatasetSplitter(train=1 - test / 300, validation=0.0, test=test / 300, seed=1).split(examples)
            yield Trial(name=name, train=split.train, test=split.test, epochs=8)


def train(
    base: Path, folder: Path, examples: Sequence[VQAExample], **settings: Any
) -> tuple[TransformersEngine, float]:
    """Train on examples; return the engine and the seconds it took."""
    folder.mkdir()
    rows = folder.with_suffix(".jsonl")
    write_jsonl(rows, map(BUILDER.record, examples))
    engine = TransformersEngine(base, gpus=0)
    start = time.perf_counter()
    engine.train(TrainingTask(training_file=rows, folder=folder, seed=1, **settings), lambda _: None)
    return engine, time.perf_counter() - start


def accuracy(model: ChatModel, examples: Sequence[VQAExample], *, shuffled: bool = False) -> float:
    """Share of right answers, letter case aside."""
    shift = len(examples) // 2 if shuffled else 0

    def right(place: int) -> bool:
        asked = replace(examples[place], images=examples[(place + shift) % len(examples)].images)
        messages = json.loads(BUILDER.request_json(asked))
        record = ChatRecord.from_json(json.dumps({"messages": messages}))
        said = model.answer(ChatTurn(messages=record.messages, max_tokens=24)).text
        return said.strip().casefold() == str(examples[place].answer).strip().casefold()

    with ThreadPoolExecutor(16) as pool:
        return sum(pool.map(right, range(len(examples)))) / len(examples)


def without_eyes(train: Sequence[VQAExample], test: Sequence[VQAExample]) -> float:
    """Share of right answers of whoever gives the commonest training answer of each question."""
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for example in train:
        said[example.question][str(example.answer)] += 1
    most = Counter(str(example.answer) for example in train).most_common(1)[0][0]
    best = [said[example.question].most_common(1)[0][0] if example.question in said else most for example in test]
    return sum(one.casefold() == str(example.answer).casefold() for one, example in zip(best, test, strict=True)) / len(
        test
    )


def show(name: str, model: ChatModel, trial: Trial, seconds: float) -> None:
    """Print one line of the table."""
    seen, shuffled = accuracy(model, trial.test), accuracy(model, trial.test, shuffled=True)
    blind = without_eyes(trial.train, trial.test)
    cells = (
        name,
        len(trial.train),
        len(trial.test),
        f"{seen:.3f}",
        f"{shuffled:.3f}",
        f"{blind:.3f}",
        f"{seconds:.0f} s",
    )
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def german(examples: Sequence[VQAExample]) -> list[VQAExample]:
    """Return the examples with answers in German."""
    return [replace(example, answers=(COLORS[str(example.answer)],)) for example in examples]


def main(folder: Path, only: str | None) -> None:
    """Run every trial."""
    print("| data | trained on | asked | right | images shuffled | without eyes | training |")
    print("|---|---|---|---|---|---|---|", flush=True)
    for trial in trials():
        if only is not None and only not in trial.name:
            continue
        place = folder / trial.name.partition(",")[0]
        rows = place.with_suffix(".texts")
        taught = [*trial.train, *german(trial.train[:50])] if "colors" in trial.name else trial.train
        write_jsonl(rows, map(BUILDER.record, taught))
        base = build_tiny_model(place.with_suffix(".base"), texts=texts_of(rows))
        settings = {"n_epochs": trial.epochs, "batch_size": 32, "learning_rate_multiplier": 200.0}
        options = {"full_finetuning": True, "max_image_pixels": 65_536}
        engine, seconds = train(base, place, trial.train, **settings, options=options)
        show(trial.name, engine.load(place), trial, seconds)
        engine.close()
        if "colors" in trial.name:
            whole = export_model(place, place.with_suffix(".english"))
            lesson = replace(trial, train=german(trial.train[:600]), test=german(trial.test))
            settings = {"n_epochs": 4, "batch_size": 16, "learning_rate_multiplier": 100.0}
            engine, seconds = train(whole, place.with_suffix(".german"), lesson.train, **settings)
            show("the same in German, before", engine.load(None), lesson, 0)
            show("the same in German, by LoRA", engine.load(place.with_suffix(".german")), lesson, seconds)
            engine.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", help="part of a dataset's name")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        main(Path(made), given.only)
