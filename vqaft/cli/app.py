"""The command line: each command is a few lines over the objects of the library.

Services are reached as the `openai` package does it: by OPENAI_API_KEY, and OPENAI_BASE_URL where it is not OpenAI's.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vqaft.check import check_files, fix_file
from vqaft.cli.terminal import run, say, say_json
from vqaft.cost import estimate_cost
from vqaft.data import DatasetSplitter, audit_splits, load_file
from vqaft.errors import VqaftError
from vqaft.evaluation import Comparison, Evaluation, Evaluator, ExactMatch, LenientMatch, compare
from vqaft.inference import Predictions, Predictor
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER
from vqaft.records import MessageBuilder
from vqaft.report import write_audit_page, write_report
from vqaft.tuning import FineTuneClient

if TYPE_CHECKING:
    from vqaft.backends import OpenAIBackend

PROVIDERS = {"openai": OPENAI, "azure": AZURE, "together": TOGETHER, "fireworks": FIREWORKS}

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

PARTS = ("train", "validation", "test")
Files = Annotated[list[Path], typer.Argument(help="Training, validation and test file, in this order.")]
Table = Annotated[Path, typer.Argument(help="Examples: a CSV, JSONL or parquet table, or chat JSONL.")]
Out = Annotated[Path, typer.Option(help="Where to write.")]


@app.command()
def serve(
    folder: Annotated[Path, typer.Option(help="Where files, jobs and models are kept.")] = Path(".vqaft/server"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8000,
    model: Annotated[
        list[str] | None, typer.Option(help="Open-weight model to train and serve, as name=folder; repeatable.")
    ] = None,
    gpus: Annotated[int | None, typer.Option(help="GPUs to train with; all by default, 0 for the CPU.")] = None,
    *,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Take name=organization/model@commit from the Hugging Face Hub.")
    ] = False,
) -> None:
    """Run vqaft's OpenAI-compatible server; its key is VQAFT_API_KEY, or kept in the folder and shown."""
    from vqaft.server import require_extra, stored_key

    require_extra()
    from vqaft.server import open_engines, parse_models
    from vqaft.server import serve as run_server

    given = os.environ.get("VQAFT_API_KEY")

    def announce(base_url: str) -> None:
        typer.echo(f"export OPENAI_BASE_URL={base_url}")
        typer.echo("export OPENAI_API_KEY=" + ('"$VQAFT_API_KEY"' if given else stored_key(folder)))
        sys.stdout.flush()

    models = parse_models(model or ())
    engines = open_engines(models, cache=folder / "transformers", gpus=gpus, allow_download=allow_download)
    key = given or stored_key(folder)
    run_server(folder, api_key=key, host=host, port=port, on_ready=announce, engines=engines)


@app.command()
def export_model(
    model: Annotated[str, typer.Argument(help="Name of a tuned model in the server's folder, or a model's folder.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    folder: Annotated[Path, typer.Option(help="The server's folder.")] = Path(".vqaft/server"),
    *,
    merged: Annotated[bool, typer.Option("--merged", help="Write base and adapter as one whole model.")] = False,
) -> None:
    """Write a tuned open-weight model for vLLM, SGLang, llama.cpp and the like."""
    from vqaft.engines import export_model as export
    from vqaft.server import require_extra

    require_extra()
    from vqaft.server import model_folder

    source = Path(model) if Path(model).is_dir() else model_folder(folder, model)
    typer.echo(export(source, out, merged=merged))


@app.command()
def check(
    files: Files,
    provider: Annotated[str, typer.Option(help=f"Whose limits: {', '.join(PROVIDERS)}.")] = "openai",
    form: Annotated[str, typer.Option("--format", help="What to print: text or json.")] = "text",
    fix: Annotated[Path | None, typer.Option(help="Mend what is safe to mend into this new file (one file).")] = None,
) -> None:
    """Find what is wrong with training files; exits with 1 where there are errors."""
    if len(files) > len(PARTS):
        raise typer.BadParameter(f"there are {len(files)} files, more than {len(PARTS)}")
    if provider not in PROVIDERS:
        raise typer.BadParameter(f"{provider!r} is not one of {', '.join(PROVIDERS)}")
    if fix is not None:
        say(fix_file(files[0], fix))
        files = [fix]
    report = check_files(dict(zip(PARTS, files, strict=False)), limits=PROVIDERS[provider])
    say_json(report.to_json()) if form == "json" else say(report)
    raise typer.Exit(report.exit_code)


@app.command()
def cost(
    file: Annotated[Path, typer.Argument(help="The training file.")],
    model: Annotated[str, typer.Option(help="The model to be trained.")] = "gpt-4o-2024-08-06",
    epochs: Annotated[int, typer.Option(help="How often every row is shown.")] = 3,
) -> None:
    """Estimate what training on a file costs."""
    say(estimate_cost(file, model=model, epochs=epochs))


@app.command()
def split(
    table: Table,
    out: Out = Path("split"),
    train: Annotated[float, typer.Option(help="Images, or a fraction up to 1.")] = 0.8,
    validation: Annotated[float, typer.Option(help="Images, or a fraction up to 1.")] = 0.0,
    test: Annotated[float, typer.Option(help="Images, or a fraction up to 1.")] = 0.2,
    group_by: Annotated[str | None, typer.Option(help="A column whose values must not be split either.")] = None,
    seed: Annotated[int, typer.Option(help="Another seed, another split.")] = 42,
) -> None:
    """Split examples by image, look-alikes together, and save the parts."""
    splitter = DatasetSplitter(
        train=_size(train), validation=_size(validation), test=_size(test), group_by=group_by, seed=seed
    )
    parts = splitter.split(list(load_file(table)))
    say(parts.report)
    say(parts.save(out))


@app.command()
def audit(
    parts: Annotated[
        list[str], typer.Argument(help="Files of examples, as NAME=FILE or FILE; the training part first.")
    ],
    page: Annotated[Path | None, typer.Option(help="Write the leaks as pictures to this page.")] = None,
) -> None:
    """Find what the parts of a data set share; exits with 1 where images are in two parts."""
    named = [part.partition("=") for part in parts]
    files = {name if path else Path(name).stem: Path(path or name) for name, _, path in named}
    report = audit_splits({name: load_file(path, prefix=f"{name}-") for name, path in files.items()})
    say(report)
    if page is not None:
        say(write_audit_page(page, report))
    raise typer.Exit(0 if report.ok else 1)


@app.command()
def jobs() -> None:
    """List the account's fine-tuning jobs, newest first."""
    for job in _tuning().jobs():
        say(f"{job.id}  {job.status:<16}  {job.model}  {job.fine_tuned_model or ''}")


@app.command()
def watch(job: Annotated[str, typer.Argument(help="The job's id.")]) -> None:
    """Follow a job to its end; Ctrl-C leaves it running."""
    say(_tuning().wait(job).fine_tuned_model)


@app.command()
def predict(
    table: Table,
    model: Annotated[str, typer.Option(help="The model to ask.")],
    out: Out = Path("predictions.jsonl"),
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
) -> None:
    """Ask a model about examples; what was answered before is not asked again."""
    predictor = Predictor(_backend(), MessageBuilder(system=system), model=model)
    predictions = predictor.predict(load_file(table), journal=out.with_name(out.name + ".journal"))
    say(predictions)
    say(predictions.write(out))


@app.command()
def evaluate(
    table: Table,
    predictions: Annotated[Path, typer.Argument(help="What `predict` wrote.")],
    out: Out = Path("evaluation.json"),
) -> None:
    """Score predictions by exact and by lenient match."""
    evaluator = Evaluator({"exact": ExactMatch(), "lenient": LenientMatch()})
    evaluation = evaluator.evaluate(load_file(table), Predictions.read(predictions))
    say(evaluation)
    say(evaluation.write(out))


@app.command(name="compare")
def compare_files(
    base: Annotated[Path, typer.Argument(help="What `evaluate` wrote for the base model.")],
    tuned: Annotated[Path, typer.Argument(help="What `evaluate` wrote for the tuned model.")],
) -> None:
    """Say whether the tuned model is better than the base model."""
    say(_compared(base, tuned))


@app.command()
def report(
    base: Annotated[Path, typer.Argument(help="What `evaluate` wrote for the base model.")],
    tuned: Annotated[Path, typer.Argument(help="What `evaluate` wrote for the tuned model.")],
    table: Annotated[Path | None, typer.Option(help="The examples, for their images.")] = None,
    out: Out = Path("report.html"),
) -> None:
    """Write the comparison as one HTML file."""
    examples = () if table is None else load_file(table)
    say(write_report(out, _compared(base, tuned), examples=examples))


def main() -> None:
    """Run the command line; a failure is said in one line, and the exit code is 2."""
    run(app)


def _compared(base: Path, tuned: Path) -> Comparison:
    return compare(Evaluation.read(base), Evaluation.read(tuned))


def _size(value: float) -> int | float:
    return int(value) if value > 1 or value == 0 else value


def _backend() -> OpenAIBackend:
    from openai import OpenAI, OpenAIError

    from vqaft.backends import OpenAIBackend

    try:
        return OpenAIBackend(OpenAI())
    except OpenAIError as error:
        raise VqaftError(str(error)) from None


def _tuning() -> FineTuneClient:
    return FineTuneClient(_backend())
