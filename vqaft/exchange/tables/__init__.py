"""Formats of datasets and labeling tools: examples as they are, without prompts."""

from vqaft.exchange.tables.coco_vqa import CocoVQA
from vqaft.exchange.tables.hugging_face import HuggingFace
from vqaft.exchange.tables.image_folder import ImageFolder
from vqaft.exchange.tables.label_studio import LabelStudio
from vqaft.exchange.tables.webdataset import WebDataset

__all__ = [
    "CocoVQA",
    "HuggingFace",
    "ImageFolder",
    "LabelStudio",
    "WebDataset",
]
