"""Loading base models and processors with transformers: from the disk alone, safetensors only, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vqaft.errors import DataError


def load_processor(base: Path) -> Any:
    """Load the processor of a base model.

    Args:
        base: The model's folder.

    Raises:
        DataError: If transformers cannot load it; with its words.
    """
    from transformers import AutoProcessor

    try:
        processor = AutoProcessor.from_pretrained(base, local_files_only=True, trust_remote_code=False)
    except ImportError as error:
        hint = "Install it with: pip install 'vqaft[transformers]'"
        raise DataError(
            f"the model's processor needs another package: {_first_line(error)}", path=base, hint=hint
        ) from error
    except Exception as error:  # transformers raises many kinds
        raise _refusal(base, error, "the processor") from error
    if not hasattr(processor, "tokenizer") or not hasattr(processor, "image_processor"):
        raise DataError("the processor takes no images: this is a text model", path=base)
    return processor


def load_base(base: Path, **arguments: Any) -> Any:
    """Load a base model and check that its folder held every tensor.

    Args:
        base: The model's folder.
        arguments: For `from_pretrained`: `dtype`, `device_map`, `quantization_config`.

    Raises:
        DataError: If it cannot be loaded, brings its own code, or tensors are missing.
    """
    from transformers import AutoModelForImageTextToText

    try:
        model, info = AutoModelForImageTextToText.from_pretrained(
            base,
            attn_implementation="sdpa",
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
            **arguments,
        )
    except DataError:
        raise
    except MemoryError:
        raise
    except Exception as error:
        if "out of memory" in str(error).lower():
            raise
        raise _refusal(base, error, "the model") from error
    missing = sorted([*info["missing_keys"], *(str(key) for key in info["mismatched_keys"])])
    if missing:
        message = f"{len(missing)} tensors are missing or of another shape, e.g. {missing[0]}"
        raise DataError(message, path=base, hint="Copy or download the folder again")
    return model


def _refusal(base: Path, error: Exception, what: str) -> DataError:
    words = str(error)
    if "trust_remote_code" in words or "custom code" in words:
        hint = "vqaft never runs code from a model's folder: take a model that transformers itself knows"
        return DataError("the model brings its own code", path=base, hint=hint)
    if "Unrecognized configuration class" in words:
        hint = "Only models of transformers' AutoModelForImageTextToText can be trained here"
        return DataError("this is not a vision-language model that transformers knows", path=base, hint=hint)
    return DataError(f"transformers cannot load {what}: {_first_line(error)}", path=base)


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300]


def end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """Return the tokens that end an answer: those of the model's generation settings and the tokenizer's."""
    named = model.generation_config.eos_token_id
    found = named if isinstance(named, list) else [named]
    return [token for token in dict.fromkeys([*found, tokenizer.eos_token_id]) if token is not None]
