"""What VLMEvalKit asks and scores: its image dataset, by the class that the export brings."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys
import tempfile
import types
from pathlib import Path

from PIL import Image

found = importlib.util.find_spec("vlmeval")
places = list((found and found.submodule_search_locations) or ())
for name in ("vlmeval", "vlmeval.dataset"):  # these packages import every dataset and its dependencies
    package = types.ModuleType(name)
    package.__path__ = [place + name.removeprefix("vlmeval").replace(".", "/") for place in places]
    sys.modules[name] = package

folder = Path(sys.argv[1])
os.environ["LMUData"] = tempfile.mkdtemp()  # noqa: SIM112 - VLMEvalKit spells it so
sys.path.insert(0, str(folder))
dataset = importlib.import_module("receipts_dataset").Receipts("Receipts_train")
rows = []
for place in range(len(dataset)):
    prompt = dataset.build_prompt(place)
    sizes = [list(Image.open(part["value"]).size) for part in prompt if part["type"] == "image"]
    question = "".join(part["value"] for part in prompt if part["type"] == "text")
    rows.append({"question": question, "answer": dataset.data["answer"][place], "sizes": sizes, "system": None})

right = dataset.data[["index"]].assign(prediction=dataset.data["answer"])
wrong = right.assign(prediction="something else")
for table, score in ((right, 100), (wrong, 0)):
    file = str(folder.with_name("predictions.json"))
    table.to_json(file, orient="records")
    if float(dataset.evaluate(file)["Overall"][0]) != score:
        raise SystemExit(f"the score is not {score}")
print(json.dumps(rows))
