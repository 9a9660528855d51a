"""The body of a request for a fine-tuning job, in OpenAI's shape."""

from __future__ import annotations

from typing import Any

from vqaft.tuning import JobSpec


def job_body(spec: JobSpec) -> dict[str, Any]:
    """Give the JSON that creates a job; what was not given is left out, for the service to choose.

    Args:
        spec: What to create the job from.
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
    return {name: value for name, value in wanted.items() if value is not None}


def _hyperparameters(spec: JobSpec) -> dict[str, Any]:
    chosen = spec.hyperparameters
    values = {
        "n_epochs": chosen.n_epochs,
        "batch_size": chosen.batch_size,
        "learning_rate_multiplier": chosen.learning_rate_multiplier,
    }
    return {**values, **({"beta": chosen.beta} if spec.method == "dpo" else {})}
