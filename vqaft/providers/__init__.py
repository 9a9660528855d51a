"""Dated facts about services and models: limits, prices, token counts, retirement dates."""

from vqaft.providers.image_tokens import (
    ImageTokens,
    MergedPatchTokens,
    PatchTokens,
    PixelLimits,
    TileTokens,
    image_tokens_of,
)
from vqaft.providers.limits import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.providers.prices import Price, PriceTable, load_prices
from vqaft.providers.sunset import CALENDAR, Sunset
from vqaft.providers.text_tokens import (
    NOTHING,
    PER_MESSAGE,
    TextTokens,
    TokenRange,
    approximate_tokens,
    exactly,
    text_tokens,
)

__all__ = [
    "AZURE",
    "CALENDAR",
    "FIREWORKS",
    "NOTHING",
    "OPENAI",
    "PER_MESSAGE",
    "TOGETHER",
    "ImageTokens",
    "MergedPatchTokens",
    "PatchTokens",
    "PixelLimits",
    "Price",
    "PriceTable",
    "ProviderLimits",
    "Sunset",
    "TextTokens",
    "TileTokens",
    "TokenRange",
    "approximate_tokens",
    "exactly",
    "image_tokens_of",
    "load_prices",
    "text_tokens",
]
