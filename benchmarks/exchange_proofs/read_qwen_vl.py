"""What Qwen-VL's fine-tuning code makes of the rows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image
from qwenvl.data.data_processor import _build_messages

folder = Path(sys.argv[1])
rows = []
for row in json.loads((folder / "train.json").read_text(encoding="utf-8")):
    user, assistant = _build_messages(row, folder)
    sizes = [list(Image.open(part["image"]).size) for part in user["content"] if part["type"] == "image"]
    question, answer = (
        "".join(part["text"] for part in message["content"] if part["type"] == "text") for message in (user, assistant)
    )
    rows.append({"question": question, "answer": answer, "sizes": sizes, "system": None})
print(json.dumps(rows))
