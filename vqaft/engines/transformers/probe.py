"""Check of a model folder by transformers itself: `python -m vqaft.engines.transformers.probe FOLDER`.

It runs in a process of its own, so that the server never imports torch. The model is built without its weights; what
is found is printed as one JSON object.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from vqaft.durable import write_atomically
from vqaft.engines.transformers.folder import ModelFolder
from vqaft.engines.transformers.launch import rank_environment
from vqaft.engines.transformers.loading import load_base, load_processor
from vqaft.engines.transformers.lora import LANGUAGE_LAYERS, linear_layers, target_pattern
from vqaft.engines.transformers.rows import template_arguments
from vqaft.engines.transformers.task import claim_stdout
from vqaft.errors import DataError, MissingExtraError, StateError

_QUESTION = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is this?"}]}]


@dataclass(frozen=True, kw_only=True)
class ModelFacts:
    """What was found out about a model.

    Attributes:
        architecture: Class of the model in transformers.
        parameters: How many weights it has.
        lora_layers: Linear layers that an adapter would sit on by default; 0 where its layout is unknown.
    """

    architecture: str
    parameters: int
    lora_layers: int


def probe(folder: ModelFolder, *, cache: Path | None = None) -> ModelFacts:
    """Check a model with transformers, in another process.

    Args:
        folder: The model.
        cache: Folder where findings are kept by the model's fingerprint; None asks anew every time.

    Raises:
        DataError: If transformers cannot use the folder; with what to do.
        MissingExtraError: If torch or transformers is not installed.
        StateError: If the check itself fails.
    """
    kept = None if cache is None else cache / f"{folder.fingerprint}.json"
    if kept is not None and kept.is_file():
        return ModelFacts(**json.loads(kept.read_text(encoding="utf-8")))
    found = _asked(folder.base)
    if "missing" in found:
        raise MissingExtraError(found["missing"], extra="transformers")
    if "error" in found:
        raise DataError(found["error"], path=folder.base, hint=found["hint"])
    facts = ModelFacts(**found)
    if kept is not None:
        kept.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(kept, json.dumps(asdict(facts)).encode())
    return facts


def _asked(base: Path) -> dict[str, Any]:
    environment = {**os.environ, **rank_environment(1)}
    command = [sys.executable, "-m", __name__, str(base)]
    done = subprocess.run(  # noqa: S603 - our own module, by this interpreter
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError as error:
        words = " ".join(done.stderr.strip().splitlines()[-3:])
        raise StateError(f"the model could not be checked: {words}", path=base) from error
    return found


def inspect_model(base: Path) -> ModelFacts:
    """Build a model without its weights, ask its processor about one image, and look for LoRA's layers.

    Raises:
        DataError: If any of it fails.
    """
    processor = load_processor(base)
    model = load_base(base, device_map="meta")
    try:
        text = processor.apply_chat_template(
            _QUESTION, add_generation_prompt=True, tokenize=False, **template_arguments(processor)
        )
        processor(text=[text], images=[[Image.new("RGB", (64, 64))]], return_tensors="pt", add_special_tokens=False)
    except Exception as error:
        raise DataError(f"the chat template or the processor fails on a plain question: {error}", path=base) from error
    try:
        target_pattern(model, None)
        layers = sum(1 for name in linear_layers(model) if re.fullmatch(LANGUAGE_LAYERS, name))
    except DataError:
        layers = 0
    return ModelFacts(
        architecture=type(model).__name__,
        parameters=sum(weights.numel() for weights in model.parameters()),
        lora_layers=layers,
    )


def main() -> None:
    """Inspect the folder named on the command line and print what was found."""
    out = claim_stdout()
    try:
        found = asdict(inspect_model(Path(sys.argv[1])))
    except DataError as error:
        found = {"error": error.message, "hint": error.hint}
    except ModuleNotFoundError as error:
        found = {"missing": error.name}
    out.write(json.dumps(found) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
