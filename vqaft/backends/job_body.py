"""The body of a request for a fine-tuning job: OpenAI's shape, and what all shapes share."""

from __future__ import annotations

from typing import Any

from vqaft.errors import RequestRefusedError
from vqaft.tuning import KEY, JobSpec

FIELDS = frozenset(
    {"model", "training_file", "validation_file", "suffix", "metadata", "baseModel", "dataset", "evaluationDataset"}
)
"""What a job is known by, in any provider's words."""


def job_body(spec: JobSpec) -> dict[str, Any]:
    """Give the JSON that creates a job; what was not given is left out, for the service to choose.

    Args:
        spec: What to create the job from.

    Raises:
        RequestRefusedError: If `extra` holds what a job is known by.
    """
    wanted: dict[str, Any] = {
        "model": spec.model,
        "training_file": spec.training_file,
        "validation_file": spec.validation_file,
        "seed": spec.seed,
        "suffix": spec.suffix,
        "metadata": dict(spec.metadata) or None,
        "integrations": [dict(integration) for integration in spec.integrations] or None,
        "method": {"type": spec.method, spec.method: {"hyperparameters": _hyperparameters(spec)}},
    }
    return with_extra(wanted, spec)


def with_extra(wanted: dict[str, Any], spec: JobSpec) -> dict[str, Any]:
    """Leave out what was not given, and put in what the caller says in the provider's own words.

    Args:
        wanted: A body; what is None was not given.
        spec: What the body was made from.

    Raises:
        RequestRefusedError: If `extra` holds what a job is known by.
    """
    clash = sorted(FIELDS & spec.extra.keys())
    if clash:
        raise RequestRefusedError(f"extra holds {', '.join(clash)}", hint="JobSpec has fields for these.")
    return {**{name: value for name, value in wanted.items() if value is not None}, **spec.extra}


def refuse_settings(provider: str, spec: JobSpec, *, unknown: frozenset[str]) -> None:
    """Refuse what a provider cannot do, rather than leave it out in silence.

    Args:
        provider: Its name.
        spec: What a job is to be created from.
        unknown: What it has not, of "learning_rate_multiplier", "seed", "integrations", "metadata" and "dpo".

    Raises:
        RequestRefusedError: If any of it was given.
    """
    given = {
        "learning_rate_multiplier": spec.hyperparameters.learning_rate_multiplier != "auto",
        "seed": spec.seed is not None,
        "integrations": bool(spec.integrations),
        "metadata": not spec.metadata.keys() <= {KEY},
        "dpo": spec.method == "dpo",
    }
    refused = [name for name, is_given in given.items() if is_given and name in unknown]
    if refused:
        hint = "Leave it out, or say it in the provider's own words with `extra`."
        raise RequestRefusedError(f"{provider} has no {', '.join(refused)} here", hint=hint)


def _hyperparameters(spec: JobSpec) -> dict[str, Any]:
    chosen = spec.hyperparameters
    values = {
        "n_epochs": chosen.n_epochs,
        "batch_size": chosen.batch_size,
        "learning_rate_multiplier": chosen.learning_rate_multiplier,
    }
    return {**values, **({"beta": chosen.beta} if spec.method == "dpo" else {})}
