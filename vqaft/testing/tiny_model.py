"""Tiny vision-language models: real architectures with random weights, laid out as a model folder is.

    folder = build_tiny_model("tiny", texts=["What color is it?", "red"])

They learn colors in half a minute on a CPU, and stand in for models of billions of weights in tests and examples.
`python -m vqaft.testing.tiny_model FOLDER ARCHITECTURE TRAINING_FILE` does the same from the command line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from vqaft.chat import TextPart, read_jsonl
from vqaft.errors import DataError, MissingExtraError
from vqaft.filesystem import require_local
from vqaft.typed import typed_call

Architecture = Literal["idefics3", "llava", "qwen2_5_vl"]

SIDE, PATCH, WIDTH = 64, 8, 96
"""Pixels of a side, pixels of a patch's side, and the width of both the vision and the language part."""
TEMPLATE = """{% for message in messages %}<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}\
{% if part['type'] == 'image' %}IMAGE{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}"""


@typed_call
def build_tiny_model(
    folder: str | PathLike[str], *, texts: Iterable[str], architecture: Architecture = "idefics3", seed: int = 0
) -> Path:
    """Write the folder of a tiny model.

    Args:
        folder: Where to.
        texts: What its tokenizer is trained on, e.g. the questions and answers of a training file.
        architecture: "idefics3", "llava", or "qwen2_5_vl", whose processor needs torchvision.
        seed: Of the weights.

    Returns:
        The folder.

    Raises:
        DataError: If the architecture is not one of these.
        MissingExtraError: If the extra `transformers` is not installed.
    """
    builders: dict[str, Callable[[Any], tuple[Any, Any]]] = {
        "idefics3": _idefics3,
        "llava": _llava,
        "qwen2_5_vl": _qwen2_5_vl,
    }
    if architecture not in builders:
        raise DataError(f"{architecture!r} is not one of {', '.join(builders)}")
    try:
        from transformers import set_seed
    except ImportError as error:
        raise MissingExtraError("transformers", extra="transformers") from error
    target = require_local(folder, purpose="a model")
    set_seed(seed)
    model, processor = builders[architecture](list(texts))
    model.save_pretrained(target)
    processor.save_pretrained(target)
    return target


def texts_of(path: str | PathLike[str]) -> Iterator[str]:
    """Yield the texts of a training file: what the tokenizer of a tiny model is trained on.

    Args:
        path: Chat JSONL.
    """
    for row in read_jsonl(path):
        for message in row.messages:
            content = message.content or ()
            parts = (content,) if isinstance(content, str) else content
            yield from (
                part if isinstance(part, str) else part.text for part in parts if isinstance(part, str | TextPart)
            )


def _tokenizer(texts: list[str], image_tokens: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *image_tokens]
    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=600,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    raw.train_from_iterator([*texts, "system\nuser\nassistant\n" * 50], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        pad_token="<|endoftext|>",  # noqa: S106 - not a password
        eos_token="<|im_end|>",  # noqa: S106 - as above
        extra_special_tokens=["<|im_start|>", *image_tokens],
        model_max_length=2048,
    )


def _text_settings(tokenizer: Any) -> dict[str, Any]:
    return {
        "vocab_size": len(tokenizer),
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 4,
        "max_position_embeddings": 512,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "tie_word_embeddings": True,
        "initializer_range": 0.08,
    }


def _vision_settings() -> dict[str, Any]:
    return {
        "hidden_size": WIDTH,
        "intermediate_size": 4 * WIDTH,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "image_size": SIDE,
        "patch_size": PATCH,
        "initializer_range": 0.08,
    }


def _idefics3(texts: list[str]) -> tuple[Any, Any]:
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
        LlamaConfig,
    )

    scale = 2
    tokens = _tokenizer(texts, ["<image>", "<fake_token_around_image>", "<end_of_utterance>", "<global-img>"])
    config = Idefics3Config(
        vision_config=_vision_settings(),
        text_config=LlamaConfig(**_text_settings(tokens)),
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
        scale_factor=scale,
        tie_word_embeddings=True,
        pad_token_id=tokens.pad_token_id,
    )
    longest = {"longest_edge": SIDE}
    processor = Idefics3Processor(
        image_processor=Idefics3ImageProcessor(size=longest, max_image_size=longest, do_image_splitting=False),
        tokenizer=tokens,
        image_seq_len=(SIDE // PATCH // scale) ** 2,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return Idefics3ForConditionalGeneration(config), processor


def _llava(texts: list[str]) -> tuple[Any, Any]:
    from transformers import (
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
        SiglipImageProcessor,
        SiglipVisionConfig,
    )

    tokens = _tokenizer(texts, ["<image>"])
    config = LlavaConfig(
        vision_config=SiglipVisionConfig(vision_use_head=False, **_vision_settings()),
        text_config=LlamaConfig(**_text_settings(tokens)),
        image_token_id=tokens.convert_tokens_to_ids("<image>"),
        vision_feature_select_strategy="full",
        vision_feature_layer=-1,
        image_seq_length=(SIDE // PATCH) ** 2,
        tie_word_embeddings=True,
    )
    processor = LlavaProcessor(
        image_processor=SiglipImageProcessor(size={"height": SIDE, "width": SIDE}, resample=3),
        tokenizer=tokens,
        patch_size=PATCH,
        vision_feature_select_strategy="full",
        num_additional_image_tokens=0,
        chat_template=TEMPLATE.replace("IMAGE", "<image>"),
    )
    return LlavaForConditionalGeneration(config), processor


def _qwen2_5_vl(texts: list[str]) -> tuple[Any, Any]:
    from transformers import (
        Qwen2_5_VLConfig,
        Qwen2_5_VLForConditionalGeneration,
        Qwen2_5_VLProcessor,
        Qwen2VLImageProcessor,
        Qwen2VLVideoProcessor,
    )

    tokens = _tokenizer(texts, ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>"])
    ids = tokens.convert_tokens_to_ids
    config = Qwen2_5_VLConfig(
        text_config=_qwen_text_settings(tokens),
        vision_config=_qwen_vision_settings(),
        image_token_id=ids("<|image_pad|>"),
        video_token_id=ids("<|video_pad|>"),
        vision_start_token_id=ids("<|vision_start|>"),
        vision_end_token_id=ids("<|vision_end|>"),
        tie_word_embeddings=True,
    )
    pixels = SIDE * SIDE
    processor = Qwen2_5_VLProcessor(
        image_processor=Qwen2VLImageProcessor(
            patch_size=PATCH, merge_size=2, temporal_patch_size=2, min_pixels=pixels, max_pixels=pixels
        ),
        tokenizer=tokens,
        video_processor=Qwen2VLVideoProcessor(patch_size=PATCH, merge_size=2),
        chat_template=TEMPLATE.replace("IMAGE", "<|vision_start|><|image_pad|><|vision_end|>"),
    )
    return Qwen2_5_VLForConditionalGeneration(config), processor


def _qwen_text_settings(tokenizer: Any) -> dict[str, Any]:
    pairs = WIDTH // 8  # of numbers in a head that turn together; time, height and width share them
    time, height = pairs // 4, pairs * 3 // 8
    rope = {
        "rope_type": "default",
        "rope_theta": 10_000.0,
        "mrope_section": [time, height, pairs - time - height],
    }
    own = {"use_sliding_window": False, "max_window_layers": 2, "rope_parameters": rope}
    return _text_settings(tokenizer) | own


def _qwen_vision_settings() -> dict[str, Any]:
    return {
        "depth": 3,
        "hidden_size": WIDTH,
        "intermediate_size": 3 * WIDTH,
        "num_heads": 4,
        "patch_size": PATCH,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "window_size": 8 * PATCH,
        "out_hidden_size": WIDTH,
        "fullatt_block_indexes": [2],
        "initializer_range": 0.08,
    }


def main() -> None:
    """Build the model that the command line names."""
    folder, architecture, training_file = sys.argv[1:]
    build_tiny_model(folder, texts=texts_of(training_file), architecture=architecture)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
