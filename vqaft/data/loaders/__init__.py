"""Dataset loaders; each reads rows one by one and leaves pixels undecoded."""

from vqaft.data.loaders.coco_vqa import load_coco_vqa
from vqaft.data.loaders.columns import OCR_VQA, VQA_RAD, Columns, plain_columns
from vqaft.data.loaders.conversations import TurnChoice, load_chat_jsonl, load_conversations, load_llava
from vqaft.data.loaders.easy_vqa import load_easy_vqa
from vqaft.data.loaders.files import load_file, load_folder
from vqaft.data.loaders.hugging_face import load_hf
from vqaft.data.loaders.saved import load_saved, save_examples
from vqaft.data.loaders.stream import ExampleStream, OnError, several_errors

__all__ = [
    "OCR_VQA",
    "VQA_RAD",
    "Columns",
    "ExampleStream",
    "OnError",
    "TurnChoice",
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
    "save_examples",
    "several_errors",
]
