"""What axolotl trains on: its processing strategy and its collator for chats about images."""

from __future__ import annotations

import json
import sys

from axolotl.processing_strategies import ProcessingStrategy
from axolotl.utils.collators.mm_chat import MultiModalChatDataCollator
from datasets import load_dataset
from PIL import Image
from tiny_processor import IMAGE_TOKENS, processor, spoken

tiny = processor()
collator = MultiModalChatDataCollator(tiny.tokenizer, ProcessingStrategy(tiny, tiny.chat_template))
rows = []
for row in load_dataset("json", data_files=f"{sys.argv[1]}/train.jsonl", split="train"):
    paths = [part["path"] for message in row["messages"] for part in message["content"] if part["type"] == "image"]
    batch = collator([row])
    ids = batch["input_ids"][0]
    if len(batch["pixel_values"]) != len(paths) or int((ids == tiny.image_token_id).sum()) != IMAGE_TOKENS:
        raise SystemExit("the image is not in the batch")
    said = spoken(tiny.tokenizer.decode(ids))
    sizes = [list(Image.open(path).size) for path in paths]
    rows.append({"question": said["user"], "answer": said["assistant"], "sizes": sizes, "system": said["system"]})
print(json.dumps(rows))
