"""What lmms-eval asks and accepts: its task manager, and the functions of the exported task."""

from __future__ import annotations

import json
import sys

from lmms_eval.tasks import TaskManager, get_task_dict

manager = TaskManager("ERROR", include_path=sys.argv[1], include_defaults=False)
task = get_task_dict(["receipts"], manager)["receipts"]
rows = []
for doc in task.test_docs():
    answer = task.doc_to_target(doc)
    if task.process_results(doc, [answer]) != {"exact_match": 1.0}:
        raise SystemExit("a right answer is not counted")
    if task.process_results(doc, [answer + "!"]) != {"exact_match": 0.0}:
        raise SystemExit("a wrong answer is counted")
    sizes = [list(image.size) for image in task.doc_to_visual(doc)]
    rows.append({"question": task.doc_to_text(doc), "answer": answer, "sizes": sizes, "system": None})
print(json.dumps(rows))
