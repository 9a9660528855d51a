"""What TRL trains on: its collator for vision models; labels must be the answer and nothing else."""

from __future__ import annotations

import json
import sys

from datasets import load_dataset
from tiny_processor import IMAGE_TOKENS, processor, spoken
from trl.trainer.sft_trainer import DataCollatorForVisionLanguageModeling

IGNORED = -100  # the label of what is not trained on
tiny = processor()
collator = DataCollatorForVisionLanguageModeling(tiny, max_length=None, completion_only_loss=True)
rows = []
for row in load_dataset(sys.argv[1], split="train"):
    sizes = [list(image.size) for image in row["images"]]
    batch = collator([row])
    ids, labels = batch["input_ids"][0], batch["labels"][0]
    if len(batch["pixel_values"]) != 1 or int((ids == tiny.image_token_id).sum()) != IMAGE_TOKENS:
        raise SystemExit("the image is not in the batch")
    said = spoken(tiny.tokenizer.decode(ids))
    trained = tiny.tokenizer.decode(ids[labels != IGNORED]).removesuffix("<|end|>").removeprefix("<|assistant|>")
    rows.append({"question": said["user"], "answer": trained, "sizes": sizes, "system": said["system"]})
print(json.dumps(rows))
