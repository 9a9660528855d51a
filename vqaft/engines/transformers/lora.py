"""LoRA targets: which linear layers get an adapter, and proof that none of the vision part does.

Adapters sit on the language model alone: vLLM serves them so, and names such as `q_proj`, which PEFT's presets match,
occur in vision towers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from vqaft.errors import DataError

LANGUAGE_LAYERS = r"(?:.*\.)?(?:text_model|language_model)\..*\.(?:q|k|v|o|gate|up|down)_proj"
"""Names of the attention and feed-forward layers of the language models in Idefics3, Llava, Qwen-VL, Gemma 3, …"""

_VISION = re.compile(r"vision|visual|tower|connector|projector|merger|image|patch|resampler|perceiver|qformer|audio")


def target_pattern(model: Any, wanted: str | None) -> str:
    """Return the regular expression for `LoraConfig.target_modules`, checked against a model.

    Args:
        model: The base model, with or without its weights.
        wanted: An expression of the user's; `LANGUAGE_LAYERS` where None.

    Raises:
        DataError: If no linear layer matches, or one of the vision part does; it lists the model's linear layers.
    """
    names = linear_layers(model)
    pattern = LANGUAGE_LAYERS if wanted is None else wanted
    try:
        matched = [name for name in names if re.fullmatch(pattern, name)]
    except re.error as error:
        raise DataError(f"lora_targets is not a regular expression: {error}") from error
    hint = f"Set lora_targets to a regular expression that matches some of: {', '.join(shapes(names))}"
    if not matched:
        raise DataError("no linear layer of the language model was found to put an adapter on", hint=hint)
    seeing = [name for name in matched if _VISION.search(name)]
    if seeing:
        raise DataError(f"lora_targets matches the vision part, which vLLM cannot serve: {seeing[0]}", hint=hint)
    return pattern


def linear_layers(model: Any) -> list[str]:
    """Return the names of a model's linear layers, 4-bit ones included."""
    return [name for name, module in model.named_modules() if "Linear" in type(module).__name__]


def shapes(names: Iterable[str]) -> list[str]:
    """Return names with their numbers as `N`, each once: one line a kind of layer."""
    return list(dict.fromkeys(re.sub(r"\.\d+\.", ".N.", name) for name in names))


def assert_on_language_model(model: Any) -> int:
    """Count the adapted layers of a PEFT model.

    Raises:
        DataError: If there is none, or one belongs to the vision part.
    """
    adapted = [name for name, _ in model.named_modules() if name.endswith(".lora_A")]
    seeing = [name for name in adapted if _VISION.search(name)]
    if not adapted or seeing:
        raise DataError(f"the adapter sits on {len(adapted)} layers, {len(seeing)} of them of the vision part")
    return len(adapted)
