"""How many tokens texts and images are."""

from vqaft.records.tokens.image_tokens import ImageTokens, PatchTokens, TileTokens, image_tokens_of
from vqaft.records.tokens.merged_patches import MergedPatchTokens, PixelLimits
from vqaft.records.tokens.text_tokens import PER_MESSAGE, TextTokens, approximate_tokens, text_tokens
from vqaft.records.tokens.token_range import NOTHING, TokenRange, exactly

__all__ = [
    "NOTHING",
    "PER_MESSAGE",
    "ImageTokens",
    "MergedPatchTokens",
    "PatchTokens",
    "PixelLimits",
    "TextTokens",
    "TileTokens",
    "TokenRange",
    "approximate_tokens",
    "exactly",
    "image_tokens_of",
    "text_tokens",
]
