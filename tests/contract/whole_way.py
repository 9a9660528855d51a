"""Goes the whole way with whatever `openai` is installed, and prints what came of it; run by test_openai_versions.py.

python whole_way.py FOLDER
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import openai

from vqaft.backends import OpenAIBackend
from vqaft.data import load_easy_vqa
from vqaft.inference import BatchPredictor, ChatSettings, Predictor
from vqaft.records import MessageBuilder, write_jsonl
from vqaft.service import MultipartPolicy, PollingPolicy
from vqaft.testing import QuickEngine, ThreadServer
from vqaft.tuning import FineTuneClient, Hyperparameters

PACE = PollingPolicy(shortest_s=0.02, longest_s=0.1)
BUILDER = MessageBuilder(system="Answer in one word.")


def trained(client: FineTuneClient, folder: Path) -> dict[str, Any]:
    """Train on a file that goes in parts, and describe the job's end."""
    train = folder / "train.jsonl"
    write_jsonl(train, [BUILDER.record(example) for example in load_easy_vqa("train")[:20]])
    started = client.start(train, model="quick", hyperparameters=Hyperparameters(n_epochs=2), seed=1)
    events = list(client.watch(started.id))
    job = client.wait(started.id, progress=False)
    return {
        "parts": client.ledger.path.read_bytes().count(b'"kind":"part"'),
        "events": bool(events),
        "checkpoints": len(client.checkpoints(job.id)),
        "steps": len(client.metrics(job.id)),
        "model": job.fine_tuned_model,
    }


def asked(backend: OpenAIBackend, model: str, folder: Path) -> dict[str, Any]:
    """Ask the model at once and in a batch; a row of answers each."""
    examples = load_easy_vqa("test")[:5]
    settings = ChatSettings(model=model)
    live = Predictor(backend, BUILDER, model=model, progress=False)
    batch = BatchPredictor(backend, BUILDER, settings=settings, folder=folder / "batch", pace=PACE, progress=False)
    ways = {"chat": live.predict(examples), "batch": batch.predict(examples)}
    return {way: [prediction.answer for prediction in found] for way, found in ways.items()}


def main(folder: Path) -> None:
    """Train, ask, and print a JSON object of what came of it."""
    with ThreadServer(folder / "server", engines={"quick": QuickEngine()}) as server:
        backend = OpenAIBackend(openai.OpenAI(base_url=server.base_url, api_key=server.api_key))
        sizes = MultipartPolicy(above_bytes=1_000, part_bytes=4_000)
        ledger = folder / "ledger.jsonl"
        client = FineTuneClient(backend, ledger=ledger, pace=PACE, sizes=sizes, progress=False)
        job = trained(client, folder)
        answers = asked(backend, job.pop("model"), folder)
        print(json.dumps({"openai": openai.__version__, **job, **answers}))  # noqa: T201 - read by the test


if __name__ == "__main__":
    main(Path(sys.argv[1]))
