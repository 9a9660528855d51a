"""LLM judges, and how far to trust them."""

from vqaft.evaluation.judge.bias import (
    JudgeConsistency,
    JudgePreference,
    measure_consistency,
    measure_family_preference,
    measure_length_preference,
)
from vqaft.evaluation.judge.calibration import Agreement, Calibration, HumanLabel, calibrate
from vqaft.evaluation.judge.llm_judge import JudgeJournal, LLMJudge
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, RIGHT_OR_WRONG, SIMILARITY, Level, Rating, Rubric

__all__ = [
    "FOUR_LEVELS",
    "RIGHT_OR_WRONG",
    "SIMILARITY",
    "Agreement",
    "Calibration",
    "HumanLabel",
    "JudgeConsistency",
    "JudgeJournal",
    "JudgePreference",
    "LLMJudge",
    "Level",
    "Rating",
    "Rubric",
    "calibrate",
    "measure_consistency",
    "measure_family_preference",
    "measure_length_preference",
]
