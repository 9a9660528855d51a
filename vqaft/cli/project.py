"""A project's settings in `vqaft.toml`, read by the command line alone, and `vqaft init`, which makes a first one.

`[defaults]` holds options of several commands, `[split]`, `[build]` … those of one. An option given on the command
line wins. The settings become the `default_map` of the program's context, so that they are validated as options are.
"""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random
from typing import Annotated, Any

import typer
from PIL import Image, ImageDraw

from vqaft.cli.terminal import say
from vqaft.errors import DataError
from vqaft.filesystem import require_local

FILE = "vqaft.toml"
SHARED = "defaults"

_TEMPLATE = """\
# Settings of this project. An option on the command line wins over what stands here.
# Every option of a command may stand in its table, with _ for -; [defaults] holds for all commands.

[defaults]
system = "Answer in one word."
type_column = "question_type"
# max_side = 768          # shrink images to this many pixels a side

[split]
train = 0.7
validation = 0.0
test = 0.3

[train]
model = "embedded-vqa"    # "gpt-4o-2024-08-06" at OpenAI
seed = 42

[predict]
model = "embedded-vqa"
"""

_NEXT = """\
Made {folder}: 40 pictures, qa.csv and vqaft.toml. Replace pictures and table by your own. Next:
  cd {folder}
  vqaft serve                                    # in a terminal of its own; it prints two lines to paste here
  vqaft split qa.csv
  vqaft build split/train.jsonl
  vqaft train train.jsonl                        # prints the name of the tuned model
  vqaft predict split/test.jsonl --out base.jsonl
  vqaft predict split/test.jsonl --out tuned.jsonl --model NAME
  vqaft evaluate split/test.jsonl base.jsonl --out base.json
  vqaft evaluate split/test.jsonl tuned.jsonl --out tuned.json
  vqaft report base.json tuned.json --table split/test.jsonl
"""

_COLORS = {"red": "#d33", "green": "#2a2", "blue": "#33d", "yellow": "#dd2"}
_SHAPES = ("circle", "square")
_PICTURES = 40


def load_settings(
    file: Path, *, options: Mapping[str, set[str]], must_exist: bool = False
) -> dict[str, dict[str, Any]]:
    """Read a project's settings for each command.

    Args:
        file: The settings file.
        options: For each command the names of its options.
        must_exist: Whether a missing file is an error; else nothing is read from it.

    Returns:
        For each command the defaults of its options.

    Raises:
        DataError: If the file is not TOML, or names a command or an option that does not exist.
    """
    if not file.exists() and not must_exist:
        return {}
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the settings cannot be read: {error}", path=file) from None
    _refuse_unknown(content, options, file)
    shared = content.get(SHARED, {})
    return {
        name: {key: value for key, value in shared.items() if key in known} | content.get(name, {})
        for name, known in options.items()
    }


def _refuse_unknown(content: Mapping[str, Any], options: Mapping[str, set[str]], file: Path) -> None:
    everywhere = set().union(*options.values())
    for table, values in content.items():
        if table != SHARED and table not in options:
            hint = f"Tables are {SHARED}, {', '.join(options)}."
            raise DataError(f"[{table}] is not the name of a command", path=file, hint=hint)
        if not isinstance(values, dict):
            raise DataError(f"{table!r} stands outside of a table", path=file, hint=f"Put it below [{SHARED}].")
        known = everywhere if table == SHARED else options[table]
        unknown = sorted(set(values) - known)
        if unknown:
            hint = f"Options here are {', '.join(sorted(known))}."
            raise DataError(f"[{table}] has no option {unknown[0]!r}", path=file, hint=hint)


def init(folder: Annotated[Path, typer.Argument(help="Folder to make; it may not exist yet.")] = Path("vqa")) -> None:
    """Make a folder to start from: pictures, a table of questions, settings."""
    require_local(folder, purpose="a project")
    if folder.exists() and any(folder.iterdir()):
        raise DataError("the folder is not empty", path=folder, hint="Name a new one; nothing is overwritten.")
    (folder / "images").mkdir(parents=True, exist_ok=True)
    with (folder / "qa.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["image", "question", "answer", "question_type"])
        for path, color, shape in _pictures(folder):
            table.writerow([path, "What color is the shape?", color, "color"])
            table.writerow([path, "What shape is in the image?", shape, "shape"])
            table.writerow([path, f"Is there a {color} {shape}?", "yes", "yes/no"])
            table.writerow([path, f"Is there a {shape} that is not {color}?", "no", "yes/no"])
    (folder / FILE).write_text(_TEMPLATE, encoding="utf-8")
    say(_NEXT.format(folder=folder))


def _pictures(folder: Path) -> Iterator[tuple[str, str, str]]:
    """Draw pictures that differ enough not to count as near-duplicates."""
    rng = Random(7)  # noqa: S311 - pictures, not secrets
    for number in range(_PICTURES):
        color, shape = list(_COLORS)[number % 4], _SHAPES[number // 4 % 2]
        image = Image.new("RGB", (96, 96), "#f4f1ea")
        draw = ImageDraw.Draw(image)
        for _ in range(14):
            x, y, level = rng.randrange(80), rng.randrange(80), rng.randrange(110, 235)
            draw.rectangle((x, y, x + rng.randrange(6, 40), y + rng.randrange(6, 40)), fill=(level, level, level))
        x, y, side = rng.randrange(8, 50), rng.randrange(8, 50), rng.randrange(24, 38)
        (draw.ellipse if shape == "circle" else draw.rectangle)((x, y, x + side, y + side), fill=_COLORS[color])
        path = f"images/{number:02}.png"
        image.save(folder / path)
        yield path, color, shape
