"""Examples, where they come from, and how they are split."""

from vqaft.data.duplicates import image_sha256
from vqaft.data.example import VQAExample
from vqaft.data.kinds import QuestionKind, question_kind
from vqaft.data.loaders import OCR_VQA, VQA_RAD, Columns, load_easy_vqa, load_folder, load_hf
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.split import Split
from vqaft.data.splits.splitter import DatasetSplitter

__all__ = [
    "OCR_VQA",
    "VQA_RAD",
    "Columns",
    "DatasetSplitter",
    "Placement",
    "QuestionKind",
    "Split",
    "VQAExample",
    "image_sha256",
    "load_easy_vqa",
    "load_folder",
    "load_hf",
    "question_kind",
]
