"""Scores, statistics and comparisons."""

from vqaft.evaluation.score import Answered, Score, ScoreFailure, Scorer

__all__ = ["Answered", "Score", "ScoreFailure", "Scorer"]
