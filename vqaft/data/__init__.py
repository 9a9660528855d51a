"""Examples, where they come from, and how they are split."""

from vqaft.data.duplicates import image_sha256
from vqaft.data.example import VQAExample
from vqaft.data.kinds import ClosedChoices, FewValues, KindRule, QuestionKind, question_kind
from vqaft.data.labels import AnswerDistribution, LabelConflict, answer_distribution, label_conflicts
from vqaft.data.loaders import (
    OCR_VQA,
    VQA_RAD,
    Columns,
    load_chat_jsonl,
    load_coco_vqa,
    load_easy_vqa,
    load_folder,
    load_hf,
    load_llava,
)
from vqaft.data.question_types import OCR_VQA_TYPES, TypeByColumn, TypeByPattern, TypeByText, TypeRule, with_types
from vqaft.data.splits import (
    AlikePair,
    DatasetSplitter,
    Overlap,
    PartSummary,
    Placement,
    Power,
    Split,
    SplitReport,
    audit_splits,
    power,
)

__all__ = [
    "OCR_VQA",
    "OCR_VQA_TYPES",
    "VQA_RAD",
    "AlikePair",
    "AnswerDistribution",
    "ClosedChoices",
    "Columns",
    "DatasetSplitter",
    "FewValues",
    "KindRule",
    "LabelConflict",
    "Overlap",
    "PartSummary",
    "Placement",
    "Power",
    "QuestionKind",
    "Split",
    "SplitReport",
    "TypeByColumn",
    "TypeByPattern",
    "TypeByText",
    "TypeRule",
    "VQAExample",
    "answer_distribution",
    "audit_splits",
    "image_sha256",
    "label_conflicts",
    "load_chat_jsonl",
    "load_coco_vqa",
    "load_easy_vqa",
    "load_folder",
    "load_hf",
    "load_llava",
    "power",
    "question_kind",
    "with_types",
]
