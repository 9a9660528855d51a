"""Save what a tuned model knows before its provider shuts it down, and teach it to a successor.

    python examples/rescue.py [FOLDER]

Fine-tuned gpt-4o models stop answering on 2027-01-14. This asks one about all your images while it still can, and keeps
its answers with the data they belong to: as predictions, to compare a successor with, and as a training file, to teach
them to one. Then it does both, on vqaft's own server, so that the whole way can be tried without a key.

Running it again resumes an interrupted run: nothing is paid twice.
"""

from __future__ import annotations

import sys
from pathlib import Path

from openai import OpenAI

import vqaft
from vqaft.data import Split
from vqaft.inference import distill
from vqaft.server import LocalServer

SYSTEM = "Look at the image and answer the question. Give the answer alone, in one word."


def tuned(client: OpenAI, folder: Path, split: Split, builder: vqaft.MessageBuilder) -> str:
    """Make the model that is about to go; you have yours already, and name it instead."""
    vqaft.write_jsonl(folder / "old.jsonl", map(builder.record, split.train))
    tuning = vqaft.FineTuneClient(vqaft.OpenAIBackend(client), ledger=folder / "ledger.jsonl")
    job = tuning.start(folder / "old.jsonl", model="embedded-vqa", suffix="old", seed=1)
    return tuning.wait(job.id).fine_tuned_model or ""


def main(folder: Path) -> None:
    """Distilled, train a successor on what was captured, and compare."""
    split = vqaft.DatasetSplitter(train=40, validation=40, test=40, seed=3).split(vqaft.load_easy_vqa())
    builder = vqaft.MessageBuilder(system=SYSTEM)
    with LocalServer() as server:
        client = OpenAI(base_url=server.base_url, api_key=server.api_key)  # OpenAI()
        backend = vqaft.OpenAIBackend(client)
        old = tuned(client, folder, split, builder)  # "ft:gpt-4o-2024-08-06:you::abc123"

        # All images you have, those it was trained on too; what it says of them is what would be lost.
        everything = (*split.train, *split.validation)
        saved = distill(backend, builder, everything, model=old, folder=folder / "captured")
        print(f"saved: {saved.predictions}, and {saved.distillation} to train a successor on")
        before = distill(backend, builder, split.test, model=old, folder=folder / "test").predictions

        # The successor, anywhere: the same file goes to Azure OpenAI, Together, Fireworks, or your own machine.
        tuning = vqaft.FineTuneClient(backend, ledger=folder / "ledger.jsonl")
        job = tuning.wait(tuning.start(saved.distillation, model="embedded-vqa", suffix="new", seed=1).id)
        after = vqaft.Predictor(backend, builder, model=job.fine_tuned_model or "").predict(split.test)

    same = sum(one.answer == other.answer for one, other in zip(before, after, strict=True))
    print(f"the successor says what the old model said in {same} of {len(before)} cases")
    evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch()})
    print(vqaft.compare(evaluator.evaluate(split.test, before), evaluator.evaluate(split.test, after)))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/rescue"))
