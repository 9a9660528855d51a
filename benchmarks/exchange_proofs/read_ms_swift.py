"""What ms-swift finds in an export: its loader and the inputs of its templates; placeholders are counted here."""

from __future__ import annotations

import json
import sys

from swift.dataset import load_dataset
from swift.template.template_inputs import StdTemplateInputs
from swift.template.vision_utils import load_image

train, _ = load_dataset(f"{sys.argv[1]}/train.jsonl", load_from_cache_file=False, strict=True)
rows = []
for row in train:
    inputs = StdTemplateInputs.from_dict({key: value for key, value in row.items() if value is not None})
    question, answer = (message["content"] for message in inputs.messages)
    if question.count("<image>") != len(inputs.images):
        raise SystemExit("as many placeholders as images are needed")  # the loader itself does not count
    images = [
        load_image((image["bytes"] or image["path"]) if isinstance(image, dict) else image) for image in inputs.images
    ]
    sizes = [list(image.size) for image in images]
    question = question.replace("<image>", "")
    rows.append({"question": question, "answer": answer, "sizes": sizes, "system": inputs.system})
print(json.dumps(rows))
