"""Conversations of `from` and `value`, as LLaVA wrote them first and others took over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vqaft.data import VQAExample
from vqaft.exchange.folder import ExportFolder
from vqaft.exchange.parsing import ParsedTurn, example_of_turns, split_images
from vqaft.exchange.rows import Row, RowTurn

PLACEHOLDER = "<image>"
_SPEAKERS = {"user": "human", "assistant": "gpt"}


def image_first(turn: RowTurn) -> str:
    """Return the text of a turn with a placeholder line for each image before it, as LLaVA and InternVL ask for it."""
    return f"{PLACEHOLDER}\n" * len(turn.images) + turn.text


def in_place(turn: RowTurn) -> str:
    """Return the text of a turn with a placeholder where each image stands."""
    return turn.with_placeholders(PLACEHOLDER)


def conversation(row: Row, text_of: Callable[[RowTurn], str]) -> list[dict[str, str]]:
    """Return the turns of a row, the system prompt first where there is one."""
    system = [] if row.system is None else [{"from": "system", "value": row.system}]
    return system + [{"from": _SPEAKERS[turn.role], "value": text_of(turn)} for turn in row.turns]


def row_values(row: Row, folder: ExportFolder, place: Callable[[RowTurn], str]) -> dict[str, Any]:
    """Return a row as LLaVA, InternVL and Qwen's trainers read it, and write its images into the folder.

    Args:
        row: The row.
        folder: The export.
        place: Writes a turn with the placeholders of its images: `image_first` or `in_place`.
    """
    return {
        "id": row.examples[0].id,
        "image": images_value(row, folder),
        "conversations": conversation(row, place),
    }


def images_value(row: Row, folder: ExportFolder) -> str | list[str]:
    """Write the images of a row and return its `image`: a name, or a list of them."""
    names = [folder.write_image(image) for image in row.images]
    return names[0] if len(names) == 1 else names


def parse_row(
    row: Mapping[str, Any], folder: ExportFolder, *, row_id: str, placeholder: str = PLACEHOLDER
) -> VQAExample:
    """Return the example of a row.

    Args:
        row: The row.
        folder: Where its images are.
        row_id: The id of a row that has none.
        placeholder: What stands for an image in a question, e.g. with the newline that follows it.
    """
    names = row["image"] if isinstance(row["image"], list) else [row["image"]]
    asked = [turn for turn in row["conversations"] if turn["from"] == "human"]
    pieces = split_images([turn["value"] for turn in asked], [folder.image(name) for name in names], placeholder)
    shown = iter(list(pieces))
    turns = [
        ParsedTurn(role="human", text=(piece := next(shown))[0], images=piece[1])
        if turn["from"] == "human"
        else ParsedTurn(role=turn["from"], text=turn["value"])
        for turn in row["conversations"]
    ]
    return example_of_turns(turns, row_id=str(row.get("id", row_id)))
