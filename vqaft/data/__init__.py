"""Examples, where they come from, and how they are split."""

from vqaft.data.duplicates import image_sha256
from vqaft.data.example import VQAExample
from vqaft.data.kinds import QuestionKind, question_kind
from vqaft.data.loaders import OCR_VQA, VQA_RAD, Columns, load_easy_vqa, load_folder, load_hf
from vqaft.data.splits import (
    AlikePair,
    DatasetSplitter,
    Overlap,
    PartSummary,
    Placement,
    Split,
    SplitReport,
    audit_splits,
)

__all__ = [
    "OCR_VQA",
    "VQA_RAD",
    "AlikePair",
    "Columns",
    "DatasetSplitter",
    "Overlap",
    "PartSummary",
    "Placement",
    "QuestionKind",
    "Split",
    "SplitReport",
    "VQAExample",
    "audit_splits",
    "image_sha256",
    "load_easy_vqa",
    "load_folder",
    "load_hf",
    "question_kind",
]
