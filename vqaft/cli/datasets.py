"""Commands on data: split, audit, build, check, cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from vqaft.check import CheckReport, check_file, check_files, fix_file
from vqaft.cli.options import AsJson, MessageOptions, Provider, Table, TableOptions, limits_of, once
from vqaft.cli.terminal import in_command_words, say, say_json
from vqaft.cost import estimate_cost
from vqaft.data import DatasetSplitter, SplitReport, VQAExample, audit_splits, load_file, without_images_of
from vqaft.escape import counted
from vqaft.records import MessageBuilder, WrittenFile, write_jsonl, write_shards
from vqaft.report import write_audit_page

_NOTABLE = 0.02
PARTS = ("train", "validation", "test")
Size = Annotated[float, typer.Option(help="Images, or a fraction up to 1.")]


def split(
    table: Table,
    columns: TableOptions,
    *,
    out: Annotated[Path, typer.Option(help="Folder to write the parts to.")] = Path("split"),
    train: Size = 0.8,
    validation: Size = 0.0,
    test: Size = 0.2,
    group_by: Annotated[str | None, typer.Option(help="Column whose values must not be split either.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another split.")] = 42,
) -> None:
    """Split examples by image, near-duplicates kept together, and save the parts."""
    splitter = DatasetSplitter(
        train=_size(train), validation=_size(validation), test=_size(test), group_by=group_by, seed=seed
    )
    parts = splitter.split(list(columns.load(table, keep=group_by)))
    say(parts.report)
    _explain_fractions(parts.report, {"train": train, "validation": validation, "test": test})
    say(parts.save(out))


def _explain_fractions(report: SplitReport, wanted: Mapping[str, float]) -> None:
    """Print why parts differ from the requested fractions, if any differs by more than two percentage points."""
    total = sum(part.images for part in report.parts)
    far = [part for part in report.parts if abs(part.images / total - wanted[part.name]) > _NOTABLE]
    if far and all(size <= 1 for size in wanted.values()):
        shares = ", ".join(f"{part.name} {part.images / total:.0%}" for part in far)
        typer.echo(
            f"parts of the images: {shares}. Fractions are drawn image by image, so that no image changes its part when"
            " data is added; small data misses them by some percent. Numbers of images are met exactly.",
            err=True,
        )


def _size(value: float) -> int | float:
    return int(value) if value > 1 or value == 0 else value


def audit(
    parts: Annotated[
        list[str], typer.Argument(help="Files of examples, as NAME=FILE or FILE; the training part first.")
    ],
    *,
    page: Annotated[Path | None, typer.Option(help="Write the leaks as pictures to this page.")] = None,
    data: Annotated[str | None, typer.Option(help="What the data are called in the head of the page.")] = None,
) -> None:
    """Find what the parts of a dataset share; exits with 1 where images are in two parts."""
    files = once(map(_named_part, parts), hint="Name the parts: first=FILE other=FILE.")
    report = audit_splits({name: load_file(path, prefix=f"{name}-") for name, path in files.items()})
    say(report)
    if page is not None:
        say(write_audit_page(page, report, data=data))
    raise typer.Exit(0 if report.ok else 1)


def _named_part(part: str) -> tuple[str, str]:
    name, _, file = part.partition("=")
    is_named = bool(file) and "/" not in name  # else the path itself has the sign, e.g. s3://bucket/day=1/test.jsonl
    return (name, file) if is_named else (Path(part).stem, part)


def build(
    table: Table,
    columns: TableOptions,
    messages: MessageOptions,
    *,
    out: Annotated[str, typer.Option(help="Training file to write: a path or URL.")] = "train.jsonl",
    provider: Provider = "openai",
    shards: Annotated[bool, typer.Option(help="Write as many files as the provider's limits need.")] = False,
    as_json: AsJson = False,
) -> None:
    """Build the training file of a table, and check it; exits with 1 where the check finds errors."""
    limits, builder = limits_of(provider), messages.builder(columns)
    examples = without_few_shot(columns.load(table), builder)
    records = builder.records(examples, on_error=columns.on_error)
    if shards:
        written = write_shards(out, records, limits=limits, builder=builder)
    else:
        written = (write_jsonl(out, records, builder=builder, limits=limits),)
    reports = [(file, check_file(file.location, limits=limits)) for file in written]
    for file, report in reports:
        _show_built(file, report, as_json=as_json)
    raise typer.Exit(max((report.exit_code for _, report in reports), default=1))


def _show_built(file: WrittenFile, report: CheckReport, *, as_json: bool) -> None:
    if as_json:
        say_json(report.to_json())
        return
    say(f"{file.location}: {counted(file.rows, 'row')}, {file.size_bytes:,} bytes")
    say(in_command_words(str(report)))


def without_few_shot(examples: Iterator[VQAExample], builder: MessageBuilder) -> Iterator[VQAExample]:
    """Leave out examples whose image a few-shot example shows: every row would show it with an answer."""
    if not builder.few_shot:
        yield from examples
        return
    everything = list(examples)
    kept = list(without_images_of(everything, builder.few_shot))
    yield from kept
    if left_out := len(everything) - len(kept):
        typer.echo(f"{counted(left_out, 'example')} left out: few-shot examples show their images", err=True)


def check(
    files: Annotated[list[str], typer.Argument(help="Training, validation and test file, in this order.")],
    *,
    provider: Provider = "openai",
    form: Annotated[Literal["text", "json"], typer.Option("--format", help="What to print.")] = "text",
    as_json: AsJson = False,
    fix: Annotated[str | None, typer.Option(help="Write a copy with what is safe to fix (one file).")] = None,
) -> None:
    """Find what is wrong with training files; exits with 1 where there are errors."""
    if len(files) > len(PARTS):
        raise typer.BadParameter(f"there are {len(files)} files, more than {len(PARTS)}")
    limits = limits_of(provider)
    if fix is not None:
        say(fix_file(files[0], fix))
        files = [fix]
    report = check_files(dict(zip(PARTS, files, strict=False)), limits=limits)
    say_json(report.to_json()) if as_json or form == "json" else say(in_command_words(str(report)))
    raise typer.Exit(report.exit_code)


def cost(
    file: Annotated[str, typer.Argument(help="The training file.")],
    *,
    model: Annotated[str, typer.Option(help="The model to be trained.")] = "gpt-4o-2024-08-06",
    epochs: Annotated[int, typer.Option(help="How often every row is shown.", min=1)] = 3,
) -> None:
    """Estimate what training on a file costs."""
    say(estimate_cost(file, model=model, epochs=epochs))
