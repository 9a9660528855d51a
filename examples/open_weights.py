"""A folder of images → LoRA on a vision-language model on this machine → the verdict and a report.

    python examples/open_weights.py [--distill] [--out runs/open_weights]

As it stands it needs no GPU and no download: a tiny model with random weights is first taught to name colors in
English, and takes the place of the model that you would download. LoRA then teaches it your folder's German answers.
Three lines, marked 1 to 3, take it to a real model and a GPU. With --distill the answers that are learnt are those of a
teacher, another model, instead of labels; teacher and student are compared.

Needs: pip install 'vqaft[transformers,report,easy-vqa]'
"""

from __future__ import annotations

import argparse
import csv
import shutil
from importlib.util import find_spec
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.data import Columns
from vqaft.engines import export_model
from vqaft.inference import distill
from vqaft.server import LocalServer
from vqaft.testing import build_tiny_model, texts_of
from vqaft.tuning import Hyperparameters

MODEL: str | None = None  # 1: "/models/Qwen2.5-VL-7B-Instruct"
SETTINGS = Hyperparameters(n_epochs=4, batch_size=16, learning_rate_multiplier=100.0)  # 2: Hyperparameters()
GPUS: int | None = 0  # 3: None, for all that are there

SYSTEM = "Answer in one word."
GERMAN = {
    "black": "schwarz",
    "blue": "blau",
    "brown": "braun",
    "gray": "grau",
    "green": "grün",
    "red": "rot",
    "teal": "türkis",
    "yellow": "gelb",
}


def make_folder(folder: Path, images: int) -> Path:
    """Write a folder as a user has it: image files, and a CSV with questions and answers in German."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    seen: set[str] = set()
    with (folder / "qa.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "question", "answer"])
        for example in vqaft.load_easy_vqa():
            path = Path(str(example.image))
            if example.answer in GERMAN and (path.name in seen or len(seen) < images):
                seen.add(path.name)
                shutil.copy(path, folder / "images" / path.name)
                table.writerow([f"images/{path.name}", example.question, GERMAN[example.answer]])
    return folder


def stand_in(out: Path, builder: vqaft.MessageBuilder, own: Path, *, skip: int) -> Path:
    """Make what takes the place of a downloaded model: a tiny one that names colors in English."""
    colors = [example for example in vqaft.load_easy_vqa() if example.answer in GERMAN][2 * skip :]
    lesson, both = out / "english.jsonl", out / "texts.jsonl"
    vqaft.write_jsonl(lesson, map(builder.record, colors[:3200]))
    both.write_bytes(lesson.read_bytes() + own.read_bytes())
    folder = build_tiny_model(out / "random", texts=texts_of(both))
    with LocalServer(models={"random": folder}, gpus=GPUS) as server:
        backend = vqaft.OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
        tuning = vqaft.FineTuneClient(backend, ledger=out / "stand_in.jsonl")
        long = Hyperparameters(n_epochs=1, batch_size=32, learning_rate_multiplier=200.0)
        job = tuning.start(lesson, model="random", hyperparameters=long, seed=1, extra={"full_finetuning": True})
        tuning.wait(job.id)
        shutil.rmtree(out / "stand_in", ignore_errors=True)
        return export_model(server.folder / "models" / job.id, out / "stand_in")


def main(arguments: argparse.Namespace) -> None:
    """Go the whole way."""
    out: Path = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    examples = list(vqaft.load_folder(make_folder(out / "folder", images=520), columns=Columns()))
    split = vqaft.DatasetSplitter(train=380, validation=30, test=100, seed=1).split(examples)
    print(split.report)
    builder = vqaft.MessageBuilder(system=SYSTEM)
    train, validation = out / "train.jsonl", out / "validation.jsonl"
    vqaft.write_jsonl(train, map(builder.record, split.train))
    vqaft.write_jsonl(validation, map(builder.record, split.validation))
    folder = MODEL or stand_in(out, builder, train, skip=520)

    with LocalServer(models={"base": folder}, gpus=GPUS) as server:
        backend = vqaft.OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
        tuning = vqaft.FineTuneClient(backend, ledger=out / "ledger.jsonl")
        first = "base"
        if arguments.distill:
            first = tuning.wait(tuning.start(train, model="embedded-vqa", seed=1).id).fine_tuned_model or ""
            train = distill(backend, builder, split.train, model=first, folder=out / "teacher").distillation
        job = tuning.start(train, validation=validation, model="base", hyperparameters=SETTINGS, seed=1)
        tuned = tuning.wait(job.id).fine_tuned_model or ""
        answered = vqaft.predict_models(backend, builder, split.test, models=[first, tuned])
        metrics = tuning.metrics(job.id)

    evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch()})
    comparison = vqaft.compare(*(evaluator.evaluate(split.test, predictions) for predictions in answered))
    print(comparison)
    print(vqaft.write_report(out / "report.html", comparison, examples=split.test, training=metrics))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--distill", action="store_true", help="learn a teacher's answers instead of the labels")
    parser.add_argument("--out", type=Path, default=Path("runs/open_weights"))
    given = parser.parse_args()
    if find_spec("torch") is None:
        print("This example needs the extra transformers: pip install 'vqaft[transformers]'")
    else:
        main(given)
