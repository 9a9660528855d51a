"""What maestro trains on: its dataset, loaded without the package's models."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

found = importlib.util.find_spec("maestro")
place = ((found and found.submodule_search_locations) or [""])[0]
spec = importlib.util.spec_from_file_location("maestro_datasets", Path(place, "trainer/common/datasets.py"))
assert spec is not None
assert spec.loader is not None
datasets = importlib.util.module_from_spec(spec)
spec.loader.exec_module(datasets)
split = datasets.load_split_dataset(sys.argv[1], "train")
rows = []
for number in range(len(split)):
    image, entry = split[number]
    texts = {"question": entry["prefix"], "answer": entry["suffix"]}
    rows.append({**texts, "sizes": [list(image.size)], "system": None})
print(json.dumps(rows))
