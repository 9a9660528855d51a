"""Formats of datasets: examples as they are, without prompts."""

from vqaft.exchange.tables.hugging_face import HuggingFace
from vqaft.exchange.tables.image_folder import ImageFolder

__all__ = ["HuggingFace", "ImageFolder"]
