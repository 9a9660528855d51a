"""Options of a training and how a batch is spread: never another batch size, whatever the number of processes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqaft.engines import BatchPlan, TrainingOptions
from vqaft.errors import DataError


@settings(deadline=None)
@given(batch=st.integers(1, 256), ranks=st.integers(1, 16), micro=st.none() | st.integers(1, 64))
def test_the_global_batch_is_what_was_asked_for(batch: int, ranks: int, micro: int | None) -> None:
    plan: BatchPlan | None = BatchPlan.spread(batch, ranks=ranks, micro=micro)
    while plan is not None:
        assert plan.ranks * plan.micro * plan.accumulation == batch
        assert plan.ranks <= ranks
        assert micro is None or plan.micro <= micro
        smaller = plan.halved()
        assert smaller is None or (smaller.micro <= plan.micro // 2 and smaller.ranks == plan.ranks)
        assert (smaller is None) == (plan.micro == 1)
        plan = smaller


def test_defaults_are_those_that_vllm_serves() -> None:
    options = TrainingOptions.parse({})
    assert (options.lora_r, options.alpha, options.quantization) == (16, 32, None)
    assert TrainingOptions.parse({"lora_r": 4}).alpha == 8
    assert TrainingOptions.parse({"lora_r": 4, "lora_alpha": 4}).alpha == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"lora_rank": 4}, "lora_rank.*Known fields: lora_r"),
        ({"lora_r": 0}, "lora_r: "),
        ({"lora_r": "16"}, "lora_r: "),
        ({"lora_dropout": 1.0}, "lora_dropout: "),
        ({"quantization": "8bit"}, "quantization: "),
        ({"max_image_pixels": 10}, "max_image_pixels: "),
        ({"full_finetuning": True, "quantization": "4bit"}, "exclude each other"),
    ],
)
def test_an_option_that_is_unknown_or_out_of_range_is_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(DataError, match=words):
        TrainingOptions.parse(options)
