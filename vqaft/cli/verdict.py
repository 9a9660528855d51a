"""Commands from predictions to the report: predict, evaluate, compare, report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

import typer

from vqaft.cli.options import AsJson, MessageOptions, ServiceOptions, Table, TableOptions, scorers_of
from vqaft.cli.terminal import say, say_json
from vqaft.data import SplitReport, audit_splits, load_saved
from vqaft.errors import DataError
from vqaft.evaluation import (
    Comparison,
    Evaluation,
    Evaluator,
    LLMJudge,
    ModelComparison,
    Scorer,
    compare,
    compare_models,
)
from vqaft.inference import Predictions, Predictor
from vqaft.records import MessageBuilder
from vqaft.report import Provenance, write_csv, write_markdown, write_report
from vqaft.tuning import StepMetrics, TrainingMetrics

Base = Annotated[Path, typer.Argument(help="What `evaluate` wrote for the base model.")]
Tuned = Annotated[Path, typer.Argument(help="What `evaluate` wrote for the tuned model.")]


@dataclass(frozen=True, kw_only=True)
class AnswerOptions:
    """How a model is asked."""

    max_tokens: Annotated[int, typer.Option(help="The most tokens of an answer.", min=1)] = 300
    temperature: Annotated[float, typer.Option(help="0 to 2.", min=0, max=2)] = 0.0
    seed: Annotated[int | None, typer.Option(help="For repeatable answers as far as the provider can.")] = None
    max_concurrency: Annotated[int, typer.Option(help="The most requests that run concurrently.", min=1)] = 32

    def predictor(self, service: ServiceOptions, builder: MessageBuilder, model: str) -> Predictor:
        """Return the predictor that these options describe.

        Args:
            service: Which service is asked.
            builder: Turns examples into messages.
            model: The model's name.
        """
        return Predictor(
            service.backend(),
            builder,
            model=model,
            max_workers=self.max_concurrency,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            seed=self.seed,
        )


def predict(
    table: Table,
    columns: TableOptions,
    messages: MessageOptions,
    service: ServiceOptions,
    answers: AnswerOptions,
    *,
    model: Annotated[str, typer.Option(help="The model to ask.")],
    out: Annotated[Path, typer.Option(help="Predictions file to write.")] = Path("predictions.jsonl"),
) -> None:
    """Ask a model about examples; what was answered before is not asked again."""
    predictor = answers.predictor(service, messages.builder(columns), model)
    predictions = predictor.predict(columns.load(table), journal=out.with_name(out.name + ".journal"))
    say(predictions)
    say(predictions.write(out))


def evaluate(
    table: Table,
    predictions: Annotated[Path, typer.Argument(help="What `predict` wrote.")],
    columns: TableOptions,
    service: ServiceOptions,
    *,
    out: Annotated[Path, typer.Option(help="Evaluation file to write.")] = Path("evaluation.json"),
    scorer: Annotated[
        list[str] | None, typer.Option(help="`exact`, `lenient`, or your own as module:name; repeatable.")
    ] = None,
    judge: Annotated[str | None, typer.Option(help="Model that also rates every answer.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score predictions: by exact and lenient match unless scorers are named."""
    scorers: dict[str, Scorer] = scorers_of(scorer or ["exact", "lenient"])
    if judge is not None:
        scorers["judge"] = LLMJudge(service.backend(), model=judge)
    evaluation = Evaluator(scorers).evaluate(columns.load(table), Predictions.read(predictions))
    written = evaluation.write(out)
    if as_json:
        say_json(written.read_text(encoding="utf-8"))
        return
    say(evaluation)
    say(written)


Also = Annotated[
    list[Path] | None,
    typer.Option(help="What `evaluate` wrote for a further model, e.g. teacher.json; repeatable."),
]


def compare_files(base: Base, tuned: Tuned, *, also: Also = None, as_json: AsJson = False) -> None:
    """State whether the tuned model is better than the base model; with --also, compare every two models."""
    found = _compared(base, tuned, also or ())
    if as_json:
        say_json(found.to_json())
    else:
        say(found)


def _compared(base: Path, tuned: Path, also: Sequence[Path] = ()) -> Comparison | ModelComparison:
    """Return the comparison of two models, or of several.

    Raises:
        DataError: If two of several evaluations have the same file name, which identifies the model.
    """
    if not also:
        return compare(Evaluation.read(base), Evaluation.read(tuned))
    paths = {path.stem: path for path in (base, tuned, *also)}
    if len(paths) < 2 + len(also):
        hint = "File names identify the models: give each file a name of its own."
        raise DataError("two evaluations have the same file name", path=also[-1], hint=hint)
    return compare_models({name: Evaluation.read(path) for name, path in paths.items()})


@dataclass(frozen=True, kw_only=True)
class SectionOptions:
    """What a report shows beside the comparison itself."""

    training: Annotated[
        Path | None, typer.Option(help="Metrics of the training, as `train --metrics` writes them, or a result file.")
    ] = None
    split: Annotated[Path | None, typer.Option(help="Folder that `split` wrote: shows what its parts share.")] = None
    data: Annotated[str | None, typer.Option(help="What the data are called in the head of the report.")] = None

    def given(self) -> list[str]:
        """Return the options that were given."""
        return [f"--{each.name}" for each in fields(self) if getattr(self, each.name) is not None]

    def provenance(self) -> Provenance:
        """Return the proof of the split and the data's name, as far as they were given."""
        return Provenance(split=None if self.split is None else _audit(self.split), data=self.data)

    def metrics(self) -> Sequence[StepMetrics]:
        """Return what was measured in training; nothing where no file was given."""
        return () if self.training is None else TrainingMetrics.read(self.training)


def _audit(folder: Path) -> SplitReport:
    names = ("train", "validation", "test")
    parts = {name: path for name in names if (path := folder / f"{name}.jsonl").exists()}
    if len(parts) < 2:  # noqa: PLR2004 - a pair
        raise DataError("holds no split: two of train.jsonl, validation.jsonl, test.jsonl are wanted", path=folder)
    return audit_splits({name: tuple(load_saved(path)) for name, path in parts.items()})


def report(
    base: Base,
    tuned: Tuned,
    columns: TableOptions,
    sections: SectionOptions,
    *,
    also: Also = None,
    table: Annotated[str | None, typer.Option(help="The examples, for their images.")] = None,
    out: Annotated[Path, typer.Option(help="File to write: .html, .md, .csv or .json.")] = Path("report.html"),
) -> None:
    """Write the comparison as one file, in the form that its name ends in."""
    writers = {".md": write_markdown, ".csv": write_csv, ".json": lambda path, found: found.write(path)}
    if out.suffix not in {".html", *writers}:
        raise typer.BadParameter(f"{out.name} ends in none of .html, .md, .csv, .json", param_hint="--out")
    if out.suffix in writers and (unused := sections.given()):
        raise typer.BadParameter(f"only an .html report shows {', '.join(unused)}, not {out.name}", param_hint="--out")
    found = _compared(base, tuned, also or ())
    if out.suffix in writers:
        say(writers[out.suffix](out, found))
        return
    examples = () if table is None else columns.load(table)
    provenance = sections.provenance()
    say(write_report(out, found, examples=examples, training=sections.metrics(), provenance=provenance))
