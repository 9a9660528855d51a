"""A LLaVA processor made of nothing: a byte-level tokenizer without merges and a small image processor."""

from __future__ import annotations

from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.llava.processing_llava import LlavaProcessor

IMAGE_TOKENS = 4  # of an image of 28 pixels
TOKENS = ["<image>", "<|user|>", "<|assistant|>", "<|system|>"]
ENDS = {"pad_token": "<pad>", "eos_token": "<|end|>"}
TEMPLATE = (
    "{% for message in messages %}<|{{ message.role }}|>"
    "{% if message.content is string %}{{ message.content }}{% else %}"
    "{% for part in message.content %}{% if part.type == 'image' %}<image>{% else %}{{ part.text }}{% endif %}"
    "{% endfor %}{% endif %}<|end|>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def processor() -> Any:
    """Return the processor; an image becomes four tokens."""
    alphabet = {letter: number for number, letter in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(alphabet, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer=PreTrainedTokenizerFast(tokenizer_object=tokenizer, additional_special_tokens=TOKENS, **ENDS),
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=TEMPLATE,
        image_token="<image>",
        num_additional_image_tokens=1,
    )


def spoken(text: str) -> dict[str, str]:
    """Return what each role says in the text of the template above, image tokens left out."""
    said = {}
    for turn in text.replace("<image>", "").split("<|end|>")[:-1]:
        role, _, content = turn.removeprefix("<|").partition("|>")
        said[role] = content
    return said
