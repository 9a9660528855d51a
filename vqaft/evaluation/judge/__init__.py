"""A language model that rates answers, and how far it can be trusted."""

from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, Level, Rating, Rubric

__all__ = ["FOUR_LEVELS", "LLMJudge", "Level", "Rating", "Rubric"]
