"""What LLaMA-Factory finds in an export: its parser, its loader, and the checks of its multimodal plugin."""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

from llamafactory.data.loader import _load_single_dataset
from llamafactory.data.mm_plugin import get_mm_plugin
from llamafactory.data.parser import get_dataset_list

folder = sys.argv[1]
plugin = get_mm_plugin("qwen2_vl", image_token="<|image_pad|>", video_token="<|video_pad|>")
data = SimpleNamespace(
    dataset_dir=folder,
    media_dir=folder,
    streaming=False,
    preprocessing_num_workers=None,
    max_samples=None,
    overwrite_cache=True,
)
model = SimpleNamespace(cache_dir=None, hf_hub_token=None)
training = SimpleNamespace(dataloader_num_workers=0, local_process_index=0, should_log=False)
(dataset,) = get_dataset_list(["receipts"], folder)
rows = []
for row in _load_single_dataset(dataset, model, data, training):
    messages = row["_prompt"] + row["_response"]
    plugin._validate_messages(messages, row["_images"], [], [])  # noqa: SLF001 - the check before training
    opened = plugin._regularize_images  # noqa: SLF001 - what opens the images before training
    images = opened(row["_images"], image_max_pixels=1 << 20, image_min_pixels=1)["images"]
    question, answer = (message["content"].replace("<image>", "") for message in messages)
    sizes = [list(image.size) for image in images]
    rows.append({"question": question, "answer": answer, "sizes": sizes, "system": row["_system"]})
print(json.dumps(rows))
