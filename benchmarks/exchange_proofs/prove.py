"""Read exports by the peers' own loaders and collators: proofs that need torch, each in an environment of its own.

    python benchmarks/exchange_proofs/prove.py ENVIRONMENTS [NAME ...]

ENVIRONMENTS is a folder; the environments that are missing there are created with the versions below (several GB).
A proof compares every question, answer, system prompt and image size with what was exported; a control breaks the
export and must be noticed. The script exits with 1 where a proof fails or a control is not noticed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from vqaft.data import VQAExample
from vqaft.exchange import TRL, Axolotl, LlamaFactory, LmmsEval, Maestro, MsSwift, QwenVL, Unsloth, VLMEvalKit, export
from vqaft.images import ImageEncoder
from vqaft.records import MessageBuilder

HERE = Path(__file__).parent
SYSTEM = "Answer briefly."
COMMON = ("torch==2.13.0", "torchvision", "torchaudio", "transformers==5.24.0", "datasets==5.2.0", "accelerate", "peft")
ORIENTATION = 0x0112


def edit(name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[Path], None]:
    """Return a control that changes the first row of a JSONL file."""

    def broken(folder: Path) -> None:
        first, *others = (folder / name).read_text(encoding="utf-8").splitlines()
        row = json.loads(first)
        change(row)
        (folder / name).write_text("\n".join([json.dumps(row), *others]) + "\n", encoding="utf-8")

    return broken


def no_placeholder(row: dict[str, Any]) -> None:
    """Take the placeholder out of the question."""
    for message in row["messages"]:
        message["content"] = message["content"].replace("<image>", "")


def plain_answer(row: dict[str, Any]) -> None:
    """Write the answer as plain text that spells a number."""
    row["messages"][-1]["content"] = "9.00"


def no_image(folder: Path) -> None:
    """Delete an image file."""
    next((folder / "images").iterdir()).unlink()


def other_text(folder: Path) -> None:
    """Write a parquet file whose first answer is another one."""
    from pyarrow import Table, parquet

    (path,) = (folder / "data").glob("*.parquet")
    table = parquet.read_table(path)
    rows = json.loads(json.dumps(table.to_pylist(), default=lambda data: data.hex()).replace("BOOK TA", "BOOK TO"))
    restored = [_bytes_again(row) for row in rows]
    parquet.write_table(Table.from_pylist(restored, schema=table.schema), path)


def fewer_images(folder: Path) -> None:
    """Write a parquet file whose first row has no image."""
    from pyarrow import Table, parquet

    (path,) = (folder / "data").glob("*.parquet")
    table = parquet.read_table(path)
    rows = table.to_pylist()
    rows[0]["images"] = []
    parquet.write_table(Table.from_pylist(rows, schema=table.schema), path)


def other_cell(folder: Path) -> None:
    """Change an answer of a TSV file."""
    (path,) = folder.glob("*.tsv")
    path.write_text(path.read_text(encoding="utf-8").replace('"9.00"', '"9.50"', 1), encoding="utf-8")


def no_first_image(folder: Path) -> None:
    """Empty the cell of the first image of a TSV file."""
    (path,) = folder.glob("*.tsv")
    head, first, *others = path.read_text(encoding="utf-8").split("\n")
    cells = first.split("\t")
    path.write_text("\n".join([head, "\t".join([cells[0], '""', *cells[2:]]), *others]), encoding="utf-8")


def edit_list(folder: Path) -> None:
    """Take the placeholder out of the first row of a JSON list."""
    path = folder / "train.json"
    path.write_text(path.read_text(encoding="utf-8").replace("<image>", "", 1), encoding="utf-8")


def other_suffix(row: dict[str, Any]) -> None:
    """Change an answer."""
    row["suffix"] += "!"


def no_train_image(folder: Path) -> None:
    """Delete an image file."""
    next(path for path in (folder / "train").iterdir() if path.suffix == ".jpg").unlink()


def _bytes_again(row: dict[str, Any]) -> dict[str, Any]:
    images = [{**image, "bytes": bytes.fromhex(image["bytes"])} for image in row["images"]]
    return {**row, "images": images}


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A peer, and how an export for it is proved.

    Attributes:
        target: The exporter.
        versions: What is installed without dependencies.
        controls: What breaks the export.
        system: Whether the peer is given a system prompt.
        extras: What else is installed.
        repository: Address and commit of a peer that is no package.
        below: The folder of the repository that is imported from.
    """

    target: Any
    versions: tuple[str, ...]
    controls: tuple[Callable[[Path], None], ...]
    system: bool = True
    extras: tuple[str, ...] = ()
    repository: tuple[str, str] | None = None
    below: str = ""


PROOFS = {
    "llama_factory": Proof(
        target=LlamaFactory(name="receipts"),
        versions=("llamafactory==0.9.5",),
        controls=(edit("train.jsonl", no_placeholder), no_image),
    ),
    "ms_swift": Proof(
        target=MsSwift(),
        versions=("ms-swift==4.6.0", "datasets==4.8.4"),
        controls=(edit("train.jsonl", no_placeholder), no_image),
        extras=("modelscope", "addict", "json_repair", "oss2", "dacite", "httpx"),
    ),
    "trl": Proof(target=TRL(), versions=("trl==1.16.0",), controls=(other_text, fewer_images)),
    "axolotl": Proof(
        target=Axolotl(),
        versions=("axolotl==0.19.0", "trl==1.16.0"),
        controls=(edit("train.jsonl", plain_answer), no_image),
    ),
    "unsloth": Proof(
        target=Unsloth(),
        versions=("unsloth-zoo==2026.10.9",),
        controls=(other_text, fewer_images),
    ),
    "lmms_eval": Proof(
        target=LmmsEval(name="receipts"),
        versions=("lmms-eval==0.7.3",),
        controls=(other_text, fewer_images),
        system=False,
        extras=("loguru", "sqlitedict", "pytablewriter", "sacrebleu", "evaluate", "tenacity", "openai", "httpx"),
    ),
    "vlmevalkit": Proof(
        target=VLMEvalKit(name="Receipts"),
        versions=("ms-vlmeval==0.0.20",),
        controls=(other_cell, no_first_image),
        system=False,
        extras=("pandas", "validators", "xlsxwriter", "openpyxl", "portalocker", "termcolor", "tabulate", "sty"),
    ),
    "qwen_vl": Proof(
        target=QwenVL(name="receipts"),
        versions=("Qwen3-VL==9658872",),
        controls=(edit_list, no_image),
        system=False,
        repository=("https://github.com/QwenLM/Qwen3-VL", "96588727e44c78b25ba03ea03b8e12f7e64fd0da"),
        below="qwen-vl-finetune",
    ),
    "maestro": Proof(
        target=Maestro(),
        versions=("maestro==1.0.0",),
        controls=(edit("train/annotations.jsonl", other_suffix), no_train_image),
        system=False,
    ),
}


def hostile_examples(folder: Path) -> list[VQAExample]:
    """Return six rows that peers have stumbled over, about four images, one of them turned by EXIF."""
    folder.mkdir()
    turn = Image.Exif()
    turn[ORIENTATION] = 6
    for number, (name, size) in enumerate(
        {"a.jpg": (96, 64), "b.png": (64, 64), "t.jpg": (60, 120), "l.png": (70, 50)}.items()
    ):
        image = Image.new("RGB", size, (60 * number, 120, 200 - 40 * number))
        ImageDraw.Draw(image).rectangle((5, 5, 30, 20), fill="white")
        image = image.convert("RGBA") if name == "l.png" else image
        image.save(folder / name, exif=turn if name == "t.jpg" else Image.Exif())
    rows = (
        ("a.jpg", "Which company?", ("BOOK TA .K (TAMAN DAYA) SDN BHD",)),
        ("a.jpg", "What is the total?", ("9.00",)),
        ("b.png", "When was it bought?", ("2018-12-25", "25 Dec 2018")),
        ("b.png", 'What does\n\t"Bot:" mean? é 漢字 🧾', ("true",)),
        ("t.jpg", "Which number?", ("007",)),
        ("l.png", "Is the total above 5?", ("1e5",)),
    )
    return [
        VQAExample(id=f"r{number}", image=str(folder / name), question=question, answers=answers)
        for number, (name, question, answers) in enumerate(rows)
    ]


def expected(examples: Iterable[VQAExample], *, system: bool) -> list[dict[str, Any]]:
    """Return what a peer must find in each row."""
    found = []
    for example in examples:
        image = ImageEncoder().encode(example.image)
        row = {"question": example.question, "answer": example.answer, "sizes": [[image.width, image.height]]}
        found.append({**row, "system": SYSTEM if system else None})
    return found


def environment(folder: Path, name: str, proof: Proof) -> Path:
    """Return the Python of a peer's environment, which is created where it is missing."""
    python = folder / name / "bin" / "python"
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        packages = () if proof.repository else ("--no-deps", *proof.versions)
        for command in filter(None, ((*COMMON, *proof.extras), packages)):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *command], check=True)  # noqa: S603
        if proof.repository:
            check_out(folder / name, *proof.repository, below=proof.below)
    return python


def check_out(folder: Path, address: str, commit: str, *, below: str) -> None:
    """Check out a repository in an environment, so that modules of one of its folders can be imported."""
    place = folder / "repository"
    for command in (["clone", "--quiet", address, str(place)], ["-C", str(place), "checkout", "--quiet", commit]):
        subprocess.run(["git", *command], check=True)  # noqa: S603, S607 - git is found on the path
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "peer.pth").write_text(f"{place / below}\n", encoding="utf-8")


def found_by(python: Path, name: str, folder: Path) -> list[dict[str, Any]] | str:
    """Return the rows that a peer finds in a folder, or the last line of its error."""
    settings = {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(HERE), "HF_DATASETS_CACHE": str(folder.with_name("cache"))}
    command = [str(python), str(HERE / f"read_{name}.py"), str(folder)]
    run = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False, env={**os.environ, **settings}, cwd=folder
    )
    shutil.rmtree(folder.with_name("cache"), ignore_errors=True)
    if run.returncode:
        return run.stderr.strip().splitlines()[-1][:120]
    rows: list[dict[str, Any]] = json.loads(run.stdout.strip().splitlines()[-1])
    return rows


def prove(name: str, proof: Proof, environments: Path) -> bool:
    """Run the proof of a peer and its controls, and print a line of the table."""
    python = environment(environments, name, proof)
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        examples = hostile_examples(root / "source")
        builder = MessageBuilder(system=SYSTEM if proof.system else None, image_first=True)
        export(examples, proof.target, root / "out", builder=builder)
        wanted = expected(examples, system=proof.system)
        start = time.perf_counter()
        found = found_by(python, name, root / "out")
        seconds = time.perf_counter() - start
        noticed = 0
        for number, control in enumerate(proof.controls):
            shutil.copytree(root / "out", root / f"control{number}")
            control(root / f"control{number}")
            noticed += found_by(python, name, root / f"control{number}") != wanted
    good = found == wanted
    verdict = f"{len(wanted)} of {len(wanted)} rows" if good else f"FAILED: {difference(found, wanted)}"
    versions = ", ".join(proof.versions)
    print(f"| {name} | {versions} | {verdict} | {noticed} of {len(proof.controls)} | {seconds:.0f} s |", flush=True)
    return good and noticed == len(proof.controls)


def difference(found: list[dict[str, Any]] | str, wanted: list[dict[str, Any]]) -> str:
    """Return the first difference in words."""
    if isinstance(found, str):
        return found
    pairs = zip(found, wanted, strict=False)
    return next((f"{one} is not {other}" for one, other in pairs if one != other), f"{len(found)} rows")


def main() -> int:
    """Run the proofs that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("environments", type=Path)
    parser.add_argument("names", nargs="*", default=list(PROOFS))
    arguments = parser.parse_args()
    print("| peer | versions | read as exported | controls noticed | time |\n|---|---|---|---|---|")
    verdicts = [prove(name, PROOFS[name], arguments.environments.resolve()) for name in arguments.names]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
