"""The tokens of Qwen-VL, beside the sizes that its own image processor gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqaft.providers import MergedPatchTokens, PixelLimits, image_tokens_of, text_tokens

SIDES = st.integers(1, 8000)


@pytest.mark.parametrize(
    ("model", "size", "tokens"),
    [
        # By transformers' smart_resize: 1024 × 1024 stays below neither limit of 1280 squares, and above none of 16384.
        ("Qwen/Qwen2.5-VL-7B-Instruct", (1024, 1024), (35 * 35 + 2, 37 * 37 + 2)),
        ("accounts/fireworks/models/qwen2p5-vl-32b-instruct", (640, 480), (23 * 17 + 2, 23 * 17 + 2)),
        ("Qwen/Qwen2-VL-2B-Instruct", (28, 28), (4 + 2, 4 + 2)),
        ("Qwen/Qwen3-VL-8B-Instruct", (1024, 1024), (32 * 32 + 2, 32 * 32 + 2)),
        ("Qwen/Qwen3-VL-8B-Instruct", (2048, 2048), (35 * 35 + 2, 64 * 64 + 2)),
        ("accounts/fireworks/models/qwen3-vl-30b-a3b-instruct", (100, 100), (9 + 2, 64 + 2)),
    ],
)
def test_the_tokens_of_an_image(model: str, size: tuple[int, int], tokens: tuple[int, int]) -> None:
    assert image_tokens_of(model).count(*size) == tokens


@given(SIDES, SIDES)
def test_the_squares_lie_within_the_limits(width: int, height: int) -> None:
    limits = PixelLimits(least=4 * 28**2, most=1280 * 28**2)
    low, high = MergedPatchTokens(side=28, limits=(limits,)).count(width, height)
    assert low == high
    if max(width, height) <= 200 * min(width, height):  # beyond which the processor refuses an image
        assert 4 <= low - 2 <= 1280


def test_texts_are_not_called_exact_for_a_model_with_another_tokenizer() -> None:
    assert "approximate" in text_tokens("Qwen/Qwen3-VL-8B-Instruct").method
