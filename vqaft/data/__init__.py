"""Examples: loading, deduplicating, label quality and leak-free splits."""

from vqaft.data.example import QuestionKind, Turn, VQAExample
from vqaft.data.image_table import ImageHash, ImageTable, hash_image, without_images_of
from vqaft.data.label_quality import AnswerDistribution, LabelConflict, answer_distribution, label_conflicts
from vqaft.data.loaders.coco_vqa import load_coco_vqa
from vqaft.data.loaders.columns import OCR_VQA, VQA_RAD, Columns, plain_columns
from vqaft.data.loaders.conversations import TurnChoice, load_chat_jsonl, load_conversations, load_llava
from vqaft.data.loaders.easy_vqa import load_easy_vqa
from vqaft.data.loaders.files import load_file, load_folder
from vqaft.data.loaders.hugging_face import load_hf
from vqaft.data.loaders.saved import load_saved, save_examples, saved_line
from vqaft.data.loaders.stream import ExampleStream, OnError, several_errors
from vqaft.data.question_rules import (
    OCR_VQA_TYPES,
    ClosedChoices,
    FewValues,
    KindRule,
    TypeByColumn,
    TypeByPattern,
    TypeByText,
    TypeRule,
    question_kind,
    with_kinds,
    with_types,
)
from vqaft.data.splits.audit import audit_splits
from vqaft.data.splits.placement import Placement
from vqaft.data.splits.power import MIN_CLUSTERS, Power, power
from vqaft.data.splits.report import AlikePair, Overlap, PartSummary, SplitReport
from vqaft.data.splits.split import Split
from vqaft.data.splits.splitter import DatasetSplitter

__all__ = [
    "MIN_CLUSTERS",
    "OCR_VQA",
    "OCR_VQA_TYPES",
    "VQA_RAD",
    "AlikePair",
    "AnswerDistribution",
    "ClosedChoices",
    "Columns",
    "DatasetSplitter",
    "ExampleStream",
    "FewValues",
    "ImageHash",
    "ImageTable",
    "KindRule",
    "LabelConflict",
    "OnError",
    "Overlap",
    "PartSummary",
    "Placement",
    "Power",
    "QuestionKind",
    "Split",
    "SplitReport",
    "Turn",
    "TurnChoice",
    "TypeByColumn",
    "TypeByPattern",
    "TypeByText",
    "TypeRule",
    "VQAExample",
    "answer_distribution",
    "audit_splits",
    "hash_image",
    "label_conflicts",
    "load_chat_jsonl",
    "load_coco_vqa",
    "load_conversations",
    "load_easy_vqa",
    "load_file",
    "load_folder",
    "load_hf",
    "load_llava",
    "load_saved",
    "plain_columns",
    "power",
    "question_kind",
    "save_examples",
    "saved_line",
    "several_errors",
    "with_kinds",
    "with_types",
    "without_images_of",
]
