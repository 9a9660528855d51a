"""The whole street on your own machine: images and questions in, a verdict with intervals out.

    python examples/quickstart.py [FOLDER]

Trains the embedded engine of vqaft's own server on 150 small images of shapes and compares it with the untrained one
on 100 others. Nothing leaves the machine and nothing is downloaded. What is written (training files, answers, the
report) goes to FOLDER, `runs/quickstart` by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.server import LocalServer

SYSTEM = "Look at the image and answer the question. Give the answer alone, in one word."

# Change three lines to run on OpenAI or Azure. This is the first and the second; the third is in `main`.
BASE_MODEL = "embedded-vqa"  # "gpt-4o-2024-08-06"
JUDGE_MODEL = "string-similarity-judge-not-an-llm"  # "gpt-4o-2024-11-20"


def main(folder: Path) -> None:
    """Run every stage, each leaving a file that the next can start from."""
    split = vqaft.DatasetSplitter(train=150, validation=50, test=100, seed=42).split(vqaft.load_easy_vqa())
    print(split)

    builder = vqaft.MessageBuilder(system=SYSTEM, encoder=vqaft.ImageEncoder())
    train, validation = folder / "train.jsonl", folder / "validation.jsonl"
    vqaft.write_jsonl(train, map(builder.record, split.train))
    vqaft.write_jsonl(validation, map(builder.record, split.validation))
    for path in (train, validation):
        report = vqaft.check_file(path)
        print(report)
        report.raise_for_errors()

    with LocalServer() as server:
        client = OpenAI(base_url=server.base_url, api_key=server.api_key)  # OpenAI() or AzureOpenAI(...)
        backend = vqaft.OpenAIBackend(client)

        tuning = vqaft.FineTuneClient(backend)
        spec = vqaft.JobSpec(
            model=BASE_MODEL,
            training_file=tuning.upload(train).id,
            validation_file=tuning.upload(validation).id,
            suffix="quickstart",
            seed=42,
        )
        job = tuning.wait(tuning.create(spec).id)
        print(f"trained {job.fine_tuned_model}")

        scorers = {
            "exact": vqaft.ExactMatch(),
            "lenient": vqaft.LenientMatch(),
            "judge": vqaft.LLMJudge(backend, model=JUDGE_MODEL),
        }
        evaluator = vqaft.Evaluator(scorers)
        results = []
        for name, model in (("base", BASE_MODEL), ("tuned", job.fine_tuned_model)):
            predictions = vqaft.Predictor(backend, builder, model=model).predict(split.test)
            predictions.write(folder / f"{name}.jsonl")
            results.append(evaluator.evaluate(split.test, predictions))
        metrics = tuning.metrics(job.id)

    comparison = vqaft.compare(*results)
    print(comparison)
    path = vqaft.write_report(folder / "report.html", comparison, examples=split.test, training=metrics)
    print(f"\nThe report, with every image and answer: {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/quickstart"))
