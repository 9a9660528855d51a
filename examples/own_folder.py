"""A folder of your own images and a table of questions → a tuned model and a report.

    python examples/own_folder.py FOLDER [--table qa.csv] [--type-column question_type] [--train 70 --test 40]

The table (CSV or JSONL) stands in the folder and has a question a row, with the columns `image` (a path inside the
folder), `question` and `answer`; a column with the question's type is named by --type-column. Images are split, not
rows: no image that is trained on is tested on. Without FOLDER a small one is made first, from easy-vqa, so that you see
what it looks like.
"""

from __future__ import annotations

import argparse
import csv
import shutil
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.data import Columns
from vqaft.server import LocalServer

SYSTEM = "Look at the image and answer the question. Give the answer alone, as short as it can be."
BASE_MODEL = "embedded-vqa"  # "gpt-4o-2024-08-06"
SEED = 42


def make_demonstration(folder: Path, images: int = 120) -> Path:
    """Write a folder as a user has it: image files and a CSV."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    shapes = vqaft.load_easy_vqa()
    wanted = set(list(dict.fromkeys(str(example.image) for example in shapes))[:images])
    with (folder / "qa.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "question", "answer", "question_type"])
        for example in shapes:
            path = Path(str(example.image))
            if str(path) in wanted:
                shutil.copy(path, folder / "images" / path.name)
                table.writerow([f"images/{path.name}", example.question, example.answer, example.question_type])
    return folder


def main(arguments: argparse.Namespace) -> None:
    """Run the street over the folder."""
    out: Path = arguments.out
    folder, type_column = arguments.folder, arguments.type_column
    if folder is None:
        folder, type_column = make_demonstration(out / "demonstration"), "question_type"
    columns = Columns(question_type=type_column)
    examples = list(vqaft.load_folder(folder, table=arguments.table, columns=columns))
    sizes = {"train": arguments.train, "validation": arguments.validation, "test": arguments.test}
    split = vqaft.DatasetSplitter(**sizes, seed=SEED).split(examples)
    print(split.report)

    builder = vqaft.MessageBuilder(system=SYSTEM, encoder=vqaft.ImageEncoder(max_side=arguments.max_side))
    train, validation = out / "train.jsonl", out / "validation.jsonl"
    vqaft.write_jsonl(train, map(builder.record, split.train))
    vqaft.write_jsonl(validation, map(builder.record, split.validation))

    with LocalServer(folder=arguments.server_folder) as server:
        backend = vqaft.OpenAIBackend(OpenAI(base_url=server.base_url, api_key=server.api_key))
        tuning = vqaft.FineTuneClient(backend, ledger=out / "ledger.jsonl")
        job = tuning.start(train, validation=validation, model=BASE_MODEL, seed=SEED)
        models = [BASE_MODEL, tuning.wait(job.id).fine_tuned_model or ""]
        evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch(), "lenient": vqaft.LenientMatch()})
        base, tuned = (
            evaluator.evaluate(split.test, predictions)
            for predictions in vqaft.predict_models(backend, builder, split.test, models=models)
        )
        metrics = tuning.metrics(job.id)

    comparison = vqaft.compare(base, tuned)
    print(comparison)
    provenance = vqaft.report.Provenance(split=split.report, settings={"system prompt": SYSTEM, "seed": SEED})
    path = vqaft.write_report(
        out / "report.html", comparison, examples=split.test, training=metrics, provenance=provenance
    )
    print(f"\nThe report, with every image and answer: {path}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="images and the table; a demonstration is made without it")
    parser.add_argument("--table", default="qa.csv", help="name of the table in the folder; CSV, JSONL or parquet")
    parser.add_argument("--type-column", default=None, help="the column that holds the question's type")
    parser.add_argument("--train", type=int, default=70, help="images to train on")
    parser.add_argument("--validation", type=int, default=10, help="images to validate on")
    parser.add_argument("--test", type=int, default=40, help="images to test on")
    parser.add_argument("--max-side", type=int, default=None, help="shrink images to this many pixels")
    parser.add_argument("--out", type=Path, default=Path("runs/own_folder"), help="where to write")
    parser.add_argument("--server-folder", type=Path, default=None, help="keep the server's state here")
    main(parser.parse_args())
