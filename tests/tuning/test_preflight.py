"""What is said before anything is paid."""

from __future__ import annotations

from pathlib import Path

import pytest

import vqaft
from vqaft.tuning import Hyperparameters
from vqaft.tuning.job import Auto
from vqaft.tuning.preflight import cost_in_words

OPENAI, TOGETHER = "https://api.openai.com/v1#12ab", "https://api.together.xyz/v1#12ab"


@pytest.fixture
def train(tmp_path: Path) -> Path:
    builder = vqaft.MessageBuilder(system="Answer in one word.")
    vqaft.write_jsonl(tmp_path / "train.jsonl", map(builder.record, vqaft.load_easy_vqa()[:12]))
    return tmp_path / "train.jsonl"


@pytest.mark.parametrize(
    ("provider", "model", "epochs", "said"),
    [
        ("openai", "gpt-4o-2024-08-06", "auto", "3 epochs"),
        ("openai", "gpt-4o-2024-08-06", 5, "5 epochs"),
        ("together", "Qwen/Qwen3-VL-8B-Instruct", "auto", "1 epoch"),
    ],
)
def test_the_cost_is_that_of_the_epochs_which_will_be(
    train: Path, provider: str, model: str, epochs: int | Auto, said: str
) -> None:
    settings = Hyperparameters(n_epochs=epochs)
    words = cost_in_words(train, model=model, hyperparameters=settings, provider=provider)
    assert words is not None
    assert words.startswith(f"{model}, {said}, 12 rows")
    assert ("$" in words) == (provider == "openai")


def test_nothing_is_said_of_a_model_that_is_not_known(train: Path) -> None:
    assert cost_in_words(train, model="mine", hyperparameters=Hyperparameters(), provider="openai") is None
