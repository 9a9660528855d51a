"""The whole street on your own machine: images and questions in, a verdict with intervals out.

    python examples/quickstart.py [FOLDER]

Trains the embedded engine of vqaft's own server on 150 small images of shapes and compares it with the untrained one
on 100 others. Nothing leaves the machine and nothing is downloaded. What is written (the split, the training files, the
answers, the report) goes to FOLDER, `runs/quickstart` by default.
"""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.server import LocalServer

SYSTEM = "Look at the image and answer the question. Give the answer alone, in one word."
SEED = 42

# Change three lines to run on OpenAI or Azure: these two, and the client in `main`.
BASE_MODEL = "embedded-vqa"  # "gpt-4o-2024-08-06"
JUDGE_MODEL = "string-similarity-judge-not-an-llm"  # "gpt-4o-2024-11-20"


def main(folder: Path) -> None:
    """Run every stage, each leaving a file that the next can start from."""
    # 150 / 50 / 100 images; look-alikes stay together, so that no image is trained on and tested on.
    split = vqaft.DatasetSplitter(train=150, validation=50, test=100, seed=SEED).split(vqaft.load_easy_vqa())
    print(split.report)
    split.save(folder / "split")

    # The object that builds the training rows builds the requests too: they cannot drift apart.
    builder = vqaft.MessageBuilder(system=SYSTEM)
    train, validation = folder / "train.jsonl", folder / "validation.jsonl"
    vqaft.write_jsonl(train, map(builder.record, split.train))
    vqaft.write_jsonl(validation, map(builder.record, split.validation))
    print(vqaft.check_file(train))

    with LocalServer() as server:
        client = OpenAI(base_url=server.base_url, api_key=server.api_key)  # OpenAI() or AzureOpenAI(...)
        backend = vqaft.OpenAIBackend(client)

        # Checks the model and both files before anything is sent; the ledger keeps a second run from paying again.
        tuning = vqaft.FineTuneClient(backend, ledger=folder / "ledger.jsonl")
        job = tuning.start(train, validation=validation, model=BASE_MODEL, suffix="quickstart", seed=SEED)
        tuned_model = tuning.wait(job.id).fine_tuned_model or ""

        # Both models get the same questions, turn by turn.
        base, tuned = vqaft.predict_models(backend, builder, split.test, models=[BASE_MODEL, tuned_model])
        base.write(folder / "base.jsonl")
        tuned.write(folder / "tuned.jsonl")

        # And both are scored by the same rules.
        evaluator = vqaft.Evaluator(
            {
                "exact": vqaft.ExactMatch(),
                "lenient": vqaft.LenientMatch(),
                "judge": vqaft.LLMJudge(backend, model=JUDGE_MODEL),
            }
        )
        comparison = vqaft.compare(evaluator.evaluate(split.test, base), evaluator.evaluate(split.test, tuned))
        metrics = tuning.metrics(job.id)

    print(comparison)
    path = vqaft.write_report(
        folder / "report.html",
        comparison,
        examples=split.test,
        training=metrics,
        provenance=vqaft.report.Provenance(
            split=split.report, settings={"system prompt": SYSTEM, "seed of the split": SEED}
        ),
    )
    print(f"\nThe report, with every image and answer: {path}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/quickstart"))
