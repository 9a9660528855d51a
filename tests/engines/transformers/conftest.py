"""Model folders for the tests of open weights: plain files for the checks, tiny models where torch is installed."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pybase64
import pytest
from PIL import Image

from tests.engines.transformers.forking import ForkServer

PAINTS = {"red": (220, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 220), "white": (250, 250, 250)}


def write_weights(path: Path, tensors: dict[str, tuple[int, ...]]) -> None:
    """Write a safetensors file of zeros, as its format is documented."""
    header, end = {}, 0
    for name, shape in tensors.items():
        size = 4
        for side in shape:
            size *= side
        header[name] = {"dtype": "F32", "shape": list(shape), "data_offsets": [end, end + size]}
        end += size
    head = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(head)) + head + bytes(end))


@pytest.fixture
def plain_folder(tmp_path: Path) -> Path:
    """A folder with every file that a model needs, and nothing that could be loaded."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "idefics3", "vision_config": {}}))
    write_weights(folder / "model.safetensors", {"weight": (4, 4)})
    (folder / "tokenizer.json").write_text("{}")
    (folder / "processor_config.json").write_text("{}")
    (folder / "chat_template.jinja").write_text("{{ messages }}")
    (folder / "README.md").write_text("---\nlicense: apache-2.0\n---\n# A model\n")
    return folder


def image_url(color: tuple[int, int, int], *, size: tuple[int, int] = (64, 64), kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    Image.new("RGB", size, color).save(buffer, kind)
    return f"data:image/{kind.lower()};base64," + pybase64.b64encode(buffer.getvalue()).decode()


def row(question: str, answer: str | None, *urls: str, **more: Any) -> dict[str, Any]:
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    user = {"role": "user", "content": [*parts, {"type": "text", "text": question}]}
    said = [] if answer is None else [{"role": "assistant", "content": answer, **more}]
    return {"messages": [{"role": "system", "content": "Answer in one word."}, user, *said]}


def write_rows(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(content) + "\n" for content in rows))
    return path


@pytest.fixture(scope="session")
def paint_rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve rows about plain colors."""
    rows = [row("What color is it?", name, image_url(color)) for name, color in PAINTS.items()] * 3
    return write_rows(tmp_path_factory.mktemp("rows") / "paint.jsonl", rows)


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    """Starts processes that have torch and its libraries loaded."""
    needed = ("torch", "transformers", "trl", "peft", "accelerate", "llguidance")
    missing = [name for name in needed if find_spec(name) is None]
    if missing:
        pytest.skip(f"the extra transformers is not installed ({', '.join(missing)})")
    with ForkServer(tmp_path_factory.mktemp("forks")) as server:
        yield server


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory, forks: ForkServer, paint_rows: Path) -> Callable[..., Path]:
    """Builds tiny models, each once."""
    built: dict[tuple[str, Path], Path] = {}

    def build(architecture: str, *, rows: Path = paint_rows) -> Path:
        if (architecture, rows) not in built:
            folder = tmp_path_factory.mktemp("tiny") / architecture
            module = forks.command("vqaft.testing.tiny_model", str(folder), architecture, str(rows))
            subprocess.run([sys.executable, "-m", *module], check=True, capture_output=True)  # noqa: S603 - our own module
            built[architecture, rows] = folder
        return built[architecture, rows]

    return build
