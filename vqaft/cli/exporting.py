"""Command to export examples to the formats of trainers, evaluators and hubs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from vqaft.cli.datasets import without_few_shot
from vqaft.cli.options import AsJson, MessageOptions, Provider, Table, TableOptions, limits_of
from vqaft.cli.terminal import say, say_json
from vqaft.data import VQAExample
from vqaft.exchange import (
    TRL,
    Axolotl,
    ChatJSONL,
    CocoVQA,
    DatasetCard,
    Gemini,
    HuggingFace,
    ImageFolder,
    InspectAI,
    InternVL,
    LabelStudio,
    LlamaFactory,
    LLaVA,
    LmmsEval,
    Maestro,
    MsSwift,
    Nova,
    PydanticEvals,
    QwenVL,
    Target,
    Unsloth,
    VLMEvalKit,
    WebDataset,
    push_to_hub,
)
from vqaft.exchange import export as export_to
from vqaft.records import MessageBuilder

TARGETS: dict[str, type[Any]] = {
    "hugging-face": HuggingFace,
    "imagefolder": ImageFolder,
    "trl": TRL,
    "chat-jsonl": ChatJSONL,
    "llama-factory": LlamaFactory,
    "unsloth": Unsloth,
    "ms-swift": MsSwift,
    "axolotl": Axolotl,
    "gemini": Gemini,
    "inspect-ai": InspectAI,
    "nova": Nova,
    "lmms-eval": LmmsEval,
    "vlmevalkit": VLMEvalKit,
    "llava": LLaVA,
    "internvl": InternVL,
    "qwen-vl": QwenVL,
    "webdataset": WebDataset,
    "label-studio": LabelStudio,
    "pydantic-evals": PydanticEvals,
    "coco-vqa": CocoVQA,
    "maestro": Maestro,
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class TargetOptions:
    """A format and its settings; each format takes some of them."""

    to: Annotated[str, typer.Option(help=f"Format: {', '.join(TARGETS)}.")]
    name: Annotated[str | None, typer.Option(help="Name of the dataset or task.")] = None
    root: Annotated[str | None, typer.Option(help="Folder of the export on the machine that reads it.")] = None
    uri: Annotated[str | None, typer.Option(help="Address that the folder is uploaded to: gs://… or s3://….")] = None
    images_at: Annotated[str | None, typer.Option(help="Address that Label Studio finds the folder at.")] = None
    license: Annotated[str | None, typer.Option(help="License on the dataset card, e.g. cc-by-4.0.")] = None
    source: Annotated[str | None, typer.Option(help="Where the data comes from, on the dataset card.")] = None
    provider: Provider = "openai"

    def target(self) -> Target:
        """Return the format that these settings describe.

        Raises:
            typer.BadParameter: If there is no such format, or it does not take, or lacks, a setting.
        """
        if self.to not in TARGETS:
            raise typer.BadParameter(f"{self.to!r} is not one of {', '.join(TARGETS)}", param_hint="--to")
        given = self._given()
        fields = {field.name for field in dataclasses.fields(TARGETS[self.to])}
        unknown = [name for name in given if name not in fields]
        if unknown:
            raise typer.BadParameter(f"{self.to} takes no --{unknown[0].replace('_', '-')}")
        if "uri" in fields and "uri" not in given:
            raise typer.BadParameter(f"{self.to} needs the address that the folder is uploaded to", param_hint="--uri")
        made: Target = TARGETS[self.to](**given)
        return made

    def _given(self) -> dict[str, Any]:
        names = ("name", "root", "uri", "images_at", "license", "source")
        given: dict[str, Any] = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.to == "chat-jsonl":
            return given | {"provider": limits_of(self.provider)}
        if self.to == "hugging-face" and given.keys() <= {"name", "license", "source"}:
            return {"card": DatasetCard(**given)}
        return given


@dataclasses.dataclass(frozen=True, kw_only=True)
class SplitOptions:
    """Tables of the splits beside the training split."""

    validation: Annotated[str | None, typer.Option(help="Table of the validation split.")] = None
    test: Annotated[str | None, typer.Option(help="Table of the test split.")] = None

    def load(self, train: str, columns: TableOptions, builder: MessageBuilder) -> dict[str, Iterator[VQAExample]]:
        """Return the examples of each split, without those whose image a few-shot example shows."""
        tables = {"validation": self.validation, "test": self.test}
        others = {name: columns.load(file, prefix=f"{name}-") for name, file in tables.items() if file is not None}
        parts = {"train": columns.load(train), **others}
        return {name: without_few_shot(part, builder) for name, part in parts.items()}


def export(
    table: Table,
    columns: TableOptions,
    messages: MessageOptions,
    settings: TargetOptions,
    splits: SplitOptions,
    *,
    out: Annotated[str, typer.Option(help="Folder to write: a path or URL; an earlier export is replaced.")] = "export",
    push: Annotated[
        str | None, typer.Option(help="Upload to this repository of the Hub instead: NAME/DATASET.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Export examples to the format of a trainer, an evaluator, a labeling tool or the Hugging Face Hub."""
    target, builder = settings.target(), messages.builder(columns)
    examples = splits.load(table, columns, builder)
    if push is None:
        exported = export_to(examples, target, out, builder=builder)
        if as_json:
            say_json(exported.to_json())
        else:
            say(exported)
    elif isinstance(target, HuggingFace):
        say(push_to_hub(examples, push, target=target, builder=builder))
    else:
        raise typer.BadParameter("only --to hugging-face can be uploaded to the Hub", param_hint="--push")
