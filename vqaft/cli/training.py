"""Commands on fine-tuning jobs: train, watch, jobs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vqaft.cli.options import AsJson, ServiceOptions, once
from vqaft.cli.terminal import say, say_json
from vqaft.tuning import FineTuneClient, FineTuneJob, Hyperparameters

Metrics = Annotated[
    Path | None, typer.Option(help="Write loss and accuracy of each step here as CSV, once the job has ended.")
]


@dataclass(frozen=True, kw_only=True)
class HyperparameterOptions:
    """How to train; what is not given, the provider chooses."""

    epochs: Annotated[int | None, typer.Option(help="How often the training data is seen.", min=1)] = None
    batch_size: Annotated[int | None, typer.Option(help="Examples a step.", min=1)] = None
    learning_rate_multiplier: Annotated[float | None, typer.Option(help="Factor on the provider's rate.")] = None
    seed: Annotated[int | None, typer.Option(help="Seed of the training.")] = None
    suffix: Annotated[str | None, typer.Option(help="Becomes part of the model's name.")] = None
    extra: Annotated[
        list[str] | None,
        typer.Option(help="What else the provider takes, as NAME=JSON under its own name: loraRank=16; repeatable."),
    ] = None

    def hyperparameters(self) -> Hyperparameters:
        """Return the values as the client takes them.

        Raises:
            DataError: If a value is out of range.
        """
        return Hyperparameters(
            n_epochs=self.epochs or "auto",
            batch_size=self.batch_size or "auto",
            learning_rate_multiplier=self.learning_rate_multiplier or "auto",
        )

    def provider_fields(self) -> dict[str, Any]:
        """Return what else goes into the request.

        Raises:
            typer.BadParameter: If a value is not NAME=JSON.
            DataError: If a name is given twice.
        """
        return once(map(_named_value, self.extra or ()), hint="Give --extra a name once.")


def _named_value(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    if not name or not value:
        raise typer.BadParameter(f"{text!r} is not NAME=JSON", param_hint="--extra")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value  # a word without quotes, such as globalStandard


def train(
    file: Annotated[Path, typer.Argument(help="The training file, as `build` writes it.")],
    values: HyperparameterOptions,
    service: ServiceOptions,
    *,
    model: Annotated[str, typer.Option(help="The base model.")] = "gpt-4o-2024-08-06",
    validation: Annotated[Path | None, typer.Option(help="The validation file.")] = None,
    wait: Annotated[bool, typer.Option(help="Follow the job to its end.")] = True,
    metrics: Metrics = None,
    as_json: AsJson = False,
) -> None:
    """Upload a training file and start a job; the same command again finds the job and does nothing twice."""
    hyperparameters, extra = values.hyperparameters(), values.provider_fields()
    client = service.tuning()
    job = client.start(
        file,
        model=model,
        validation=validation,
        hyperparameters=hyperparameters,
        seed=values.seed,
        suffix=values.suffix,
        extra=extra,
    )
    say(f"job {job.id}", err=True)
    _show(_followed(client, job.id, metrics) if wait else job, as_json=as_json)


def watch(
    job: Annotated[str, typer.Argument(help="The job's id.")],
    service: ServiceOptions,
    *,
    metrics: Metrics = None,
    as_json: AsJson = False,
) -> None:
    """Follow a job to its end and print the model's name; Ctrl-C leaves it running."""
    _show(_followed(service.tuning(), job, metrics), as_json=as_json)


def _followed(client: FineTuneClient, job: str, metrics: Path | None) -> FineTuneJob:
    """Return a job at its end, once its metrics are written where they were asked for."""
    ended = client.wait(job)
    if metrics is not None:
        client.metrics(job).write(metrics)
    return ended


def jobs(
    service: ServiceOptions,
    *,
    limit: Annotated[int | None, typer.Option(help="List this many at most.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """List the account's fine-tuning jobs, newest first."""
    number = 0
    for number, job in enumerate(service.tuning().jobs(), start=1):
        _show(job, as_json=as_json, one_of_several=True)
        if number == limit:
            break
    if not number:
        typer.echo("there are no jobs in this account", err=True)


def _show(job: FineTuneJob, *, as_json: bool, one_of_several: bool = False) -> None:
    if as_json:
        values = {name: getattr(job, name) for name in ("id", "status", "model", "fine_tuned_model")}
        say_json(json.dumps(values))
    elif one_of_several:
        say(f"{job.id}  {job.status:<16}  {job.model}  {job.fine_tuned_model or ''}")
    else:
        say(job.fine_tuned_model or job.id)
