"""Whether a known answer or a span of the image is to be trusted more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

FLOOR = 1e-4

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A logistic regression on how sure both sides are, and on the question.

    Attributes:
        weights: Of a constant, the two log-probabilities, and the question's coordinates.
    """

    weights: Floats = field(repr=False)

    def share(self, known: float, span: float, question: NDArray[np.float32]) -> float:
        """How much the known answers count.

        Args:
            known: Probability of the best known answer among the known ones.
            span: Probability of the best span among the spans.
            question: The question's coordinates, with the leading 1.

        Returns:
            The share of the known answers, 0 to 1; the spans have the rest.
        """
        return float(1.0 / (1.0 + np.exp(-np.clip(gate_features(known, span, question) @ self.weights, -20.0, 20.0))))


def gate_features(known: float, span: float, question: NDArray[np.float32]) -> Floats:
    """What a gate decides by."""
    certainty = [np.log(max(known, FLOOR)), np.log(max(span, FLOOR))]
    return np.concatenate([question[:1], certainty, question[1:]]).astype(np.float64)


def learn_gate(cases: Sequence[Floats], known_is_right: Sequence[bool]) -> Gate:
    """Learn from cases in which exactly one side was right.

    Args:
        cases: What `gate_features` gave.
        known_is_right: Whether it was the known answer.

    Returns:
        The gate; where all cases have the same right side, one that always leans to it.
    """
    from sklearn.linear_model import LogisticRegression

    if len(set(known_is_right)) < 2:  # noqa: PLR2004 - nothing to tell apart
        lean = 4.0 if all(known_is_right) else -4.0
        width = len(cases[0]) if cases else 3
        return Gate(weights=np.array([lean] + [0.0] * (width - 1)))
    fitted = LogisticRegression(C=1.0, fit_intercept=False, max_iter=300).fit(np.stack(cases), known_is_right)
    return Gate(weights=fitted.coef_[0].astype(np.float64))
