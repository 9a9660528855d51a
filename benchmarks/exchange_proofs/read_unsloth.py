"""What Unsloth trains on: the vision collator of unsloth_zoo, loaded without its GPU set-up."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import types

import torch
from datasets import load_dataset
from tiny_processor import IMAGE_TOKENS, processor, spoken

os.environ["UNSLOTH_IS_PRESENT"] = "1"
found = importlib.util.find_spec("unsloth_zoo")
package = types.ModuleType("unsloth_zoo")  # the package itself needs a GPU to be imported
package.__path__ = list((found and found.submodule_search_locations) or ())
sys.modules["unsloth_zoo"] = package
vision = importlib.import_module("unsloth_zoo.vision_utils")

tiny = processor()
model = types.SimpleNamespace(
    config=types.SimpleNamespace(vision_config=types.SimpleNamespace(image_size=None, patch_size=14), torch_dtype=None),
    dtype=None,
    max_seq_length=4096,
    get_input_embeddings=lambda: types.SimpleNamespace(weight=torch.zeros(1)),
)
collator = vision.UnslothVisionDataCollator(model, tiny, resize="max")
rows = []
for row in load_dataset(sys.argv[1], split="train"):
    sizes = [list(image.size) for image in row["images"]]
    batch = collator([row])
    ids = batch["input_ids"][0]
    if len(batch["pixel_values"]) != 1 or int((ids == tiny.image_token_id).sum()) != IMAGE_TOKENS:
        raise SystemExit("the image is not in the batch")
    said = spoken(tiny.tokenizer.decode(ids))
    rows.append({"question": said["user"], "answer": said["assistant"], "sizes": sizes, "system": said["system"]})
print(json.dumps(rows))
