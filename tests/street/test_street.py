"""From images and questions to a verdict, on real images, through a real server."""

from __future__ import annotations

from pathlib import Path

import pytest

import vqaft
from vqaft.data import Split


def test_a_model_learns_and_the_comparison_says_so(
    tmp_path: Path, split: Split, builder: vqaft.MessageBuilder, backend: vqaft.OpenAIBackend, train_file: Path
) -> None:
    assert vqaft.check_file(train_file).ok
    tuning = vqaft.FineTuneClient(backend, progress=False)
    spec = vqaft.JobSpec(model="embedded-vqa", training_file=tuning.upload(train_file).id, seed=3)
    job = tuning.wait(tuning.create(spec).id)
    assert job.fine_tuned_model is not None

    evaluator = vqaft.Evaluator({"exact": vqaft.ExactMatch()}, progress=False)
    results = []
    for model in ("embedded-vqa", job.fine_tuned_model):
        predictions = vqaft.Predictor(backend, builder, model=model, progress=False).predict(split.test)
        assert [prediction.example_id for prediction in predictions] == [example.id for example in split.test]
        results.append(evaluator.evaluate(split.test, predictions))
    comparison = vqaft.compare(*results)

    overall = comparison.overall("exact")
    right = {example.id: example.answer for example in split.test}
    for evaluation, estimate in zip(results, (overall.base, overall.tuned), strict=True):
        naive = sum(row.answer == right[row.example_id] for row in evaluation.rows) / len(right)
        assert estimate.value == pytest.approx(naive)
    assert overall.tuned.value is not None
    assert overall.tuned.value > 0.8
    assert "the tuned model is better" in comparison.verdict

    metrics = tuning.metrics(job.id)
    assert metrics[-1].values["train_loss"] < metrics[0].values["train_loss"]
