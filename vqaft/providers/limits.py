"""Limits of the providers for training files, rows and images, each as read on a day from a page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, fields

from pydantic import NonNegativeInt, PositiveInt

from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class ProviderLimits:
    """The limits of one provider for training files with images; None where nothing was found to be said.

    What is None is not checked; `unknown` lists it. Change a limit with `dataclasses.replace`.

    Attributes:
        name: The provider.
        as_of: The day on which its pages were read.
        source: The page.
        models: Models that can be trained there.
        text_forms: How a content without images may be written beside contents with images: "parts", a list with one
            text part, or "string".
        web_urls: Whether an image may be a public web address.
        image_formats: What an image may be, e.g. "jpeg".
        image_modes: Pillow's names of the color modes that are accepted.
        max_image_bytes: The largest image file.
        max_images_per_row: The most images in a row.
        max_image_rows: The most rows with images in a file.
        min_rows: The fewest rows of a file.
        max_rows: The most rows of a file.
        max_direct_bytes: The largest file for one upload request.
        max_file_bytes: The largest file by any way of uploading.
        max_row_tokens: The most tokens of a row.
        max_batch_rows: The most requests in a batch file.
        max_batch_bytes: The largest batch file.
    """

    name: str
    as_of: dt.date
    source: str
    models: tuple[str, ...] = ()
    text_forms: frozenset[str] | None = None
    web_urls: bool | None = None
    image_formats: frozenset[str] | None = None
    image_modes: frozenset[str] | None = None
    max_image_bytes: PositiveInt | None = None
    max_images_per_row: PositiveInt | None = None
    max_image_rows: PositiveInt | None = None
    min_rows: NonNegativeInt | None = None
    max_rows: PositiveInt | None = None
    max_direct_bytes: PositiveInt | None = None
    max_file_bytes: PositiveInt | None = None
    max_row_tokens: PositiveInt | None = None
    max_batch_rows: PositiveInt | None = None
    max_batch_bytes: PositiveInt | None = None

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of the limits that were not found, so that nothing is checked there."""
        return tuple(field.name for field in fields(self) if getattr(self, field.name) is None)


_READ = dt.date(2026, 11, 23)
_RGB = frozenset({"RGB", "RGBA"})
_WITH_WEBP = frozenset({"jpeg", "png", "webp"})
_PARTS_OR_STRING = frozenset({"parts", "string"})
_GUIDE = "https://developers.openai.com/api/docs/guides/vision-fine-tuning"

OPENAI = ProviderLimits(
    name="OpenAI",
    as_of=_READ,
    source=_GUIDE,
    models=("gpt-4o-2024-08-06",),
    text_forms=_PARTS_OR_STRING,
    web_urls=True,
    image_formats=_WITH_WEBP,
    image_modes=_RGB,
    max_image_bytes=10_000_000,
    max_images_per_row=10,
    max_image_rows=50_000,
    min_rows=10,
    max_direct_bytes=512_000_000,
    max_file_bytes=8_000_000_000,
    max_batch_rows=50_000,
    max_batch_bytes=200_000_000,
)
"""OpenAI; new organizations cannot train there, and no job can be started after 2027-01-06."""

AZURE = ProviderLimits(
    name="Azure OpenAI",
    as_of=_READ,
    source="https://learn.microsoft.com/azure/ai-foundry/openai/how-to/fine-tuning-vision",
    models=("gpt-4o-2024-08-06", "gpt-4.1-2025-04-14"),
    text_forms=_PARTS_OR_STRING,
    web_urls=True,
    image_formats=_WITH_WEBP,
    image_modes=_RGB,
    max_image_bytes=10_000_000,
    max_images_per_row=64,
    max_image_rows=50_000,
    min_rows=10,
    max_direct_bytes=150_000_000,
    max_file_bytes=8_000_000_000,
    max_batch_rows=50_000,
    max_batch_bytes=200_000_000,
)
"""Azure OpenAI; above about 150 MB its one-request upload is reported to fail without saying so."""

TOGETHER = ProviderLimits(
    name="Together",
    as_of=_READ,
    source="https://docs.together.ai/docs/fine-tuning/vision",
    models=(
        "Qwen/Qwen3-VL-8B-Instruct",
        "Qwen/Qwen3-VL-30B-A3B-Instruct",
        "Qwen/Qwen3-VL-235B-A22B-Instruct",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct-VLM",
        "meta-llama/Llama-4-Scout-17B-16E-Instruct-VLM",
        "google/gemma-3-4b-it-VLM",
        "google/gemma-3-12b-it-VLM",
        "google/gemma-3-27b-it-VLM",
    ),
    text_forms=frozenset({"parts"}),
    web_urls=False,
    image_formats=_WITH_WEBP,
    max_image_bytes=10_000_000,
    max_images_per_row=10,
)
"""Together; images as data URLs only."""

FIREWORKS = ProviderLimits(
    name="Fireworks",
    as_of=_READ,
    source="https://docs.fireworks.ai/fine-tuning/fine-tuning-vlm",
    text_forms=_PARTS_OR_STRING,
    web_urls=False,
    image_formats=frozenset({"jpeg", "png"}),
    min_rows=3,
    max_rows=3_000_000,
    max_direct_bytes=150_000_000,
)
"""Fireworks; no WEBP, images as data URLs only."""
