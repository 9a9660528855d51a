"""Gradient descent in small steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]


class Adam:
    """Adam (Kingma and Ba, 2015) with decoupled weight decay, over one array of weights.

    Args:
        shape: Of the weights.
        rate: Step length.
        decay: How much of the gradient is the weight itself (L2).
    """

    def __init__(self, shape: tuple[int, ...], *, rate: float, decay: float) -> None:
        self._mean = np.zeros(shape, dtype=np.float32)
        self._square = np.zeros(shape, dtype=np.float32)
        self._rate, self._decay, self._steps = rate, decay, 0

    def step(self, weights: Weights, gradient: Weights, pace: float) -> None:
        """Change the weights in place by one step against the gradient of the loss.

        Args:
            weights: What is changed.
            gradient: Of the loss.
            pace: Factor on the step length.
        """
        gradient = gradient + np.float32(self._decay) * weights
        self._steps += 1
        self._mean += np.float32(0.1) * (gradient - self._mean)
        self._square += np.float32(0.001) * (gradient**2 - self._square)
        mean = self._mean / np.float32(1 - 0.9**self._steps)
        square = self._square / np.float32(1 - 0.999**self._steps)
        weights -= np.float32(self._rate * pace) * mean / (np.sqrt(square) + np.float32(1e-6))


def softmax(scores: Weights) -> Weights:
    """Turn scores into probabilities along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    chances: Weights = powers / powers.sum(axis=-1, keepdims=True)
    return chances


class Learner(Protocol):
    """Something that learns from numbered cases, a few at a time."""

    @property
    def size(self) -> int:
        """How many cases there are."""
        ...

    def step(self, batch: NDArray[np.int_], pace: float) -> None:
        """Learn from the cases with these numbers, with the step length times `pace`."""
        ...


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """One of several passes; the pace falls evenly from 1 at the first step of all to 0 after the last.

    Attributes:
        number: Counted from 0.
        of: How many passes there are.
        batch_size: Cases a step.
    """

    number: int
    of: int
    batch_size: int

    def run(self, learners: Sequence[Learner], rng: np.random.Generator) -> int:
        """Let each learner see each of its cases once, in an order drawn by chance.

        Args:
            learners: Who learns.
            rng: Draws the order.

        Returns:
            The steps made.
        """
        batches: list[tuple[Learner, NDArray[np.int_]]] = []
        for learner in learners:
            order = rng.permutation(learner.size)
            starts = range(0, learner.size, self.batch_size)
            batches += [(learner, order[start : start + self.batch_size]) for start in starts]
        for made, number in enumerate(rng.permutation(len(batches))):
            learner, batch = batches[number]
            learner.step(batch, 1.0 - (self.number + made / len(batches)) / self.of)
        return len(batches)


def steps_per_epoch(learners: Sequence[Learner], *, batch_size: int) -> int:
    """How many steps an epoch makes."""
    return sum(-(-learner.size // batch_size) for learner in learners)
