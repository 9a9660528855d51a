"""The parts of a data set."""

from __future__ import annotations

from dataclasses import dataclass

from vqaft.data.example import VQAExample


@dataclass(frozen=True, kw_only=True)
class Split:
    """A data set in parts that share no image.

    Attributes:
        train: What the model learns from.
        validation: What training is watched on.
        test: What the model is judged by; never shown to it.
        unused: What no part needed.
    """

    train: tuple[VQAExample, ...]
    validation: tuple[VQAExample, ...]
    test: tuple[VQAExample, ...]
    unused: tuple[VQAExample, ...] = ()

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}={len(getattr(self, name))}" for name in ("train", "validation", "test", "unused"))
        return f"Split({sizes})"
