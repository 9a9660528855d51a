"""LLM judges, and how far to trust them."""

from vqaft.evaluation.judge.calibration import Calibration, HumanLabel, calibrate
from vqaft.evaluation.judge.consistency import JudgeConsistency, measure_consistency
from vqaft.evaluation.judge.journal import JudgeJournal
from vqaft.evaluation.judge.llm_judge import LLMJudge
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, Level, Rating, Rubric
from vqaft.evaluation.judge.usage import JudgeUsage

__all__ = [
    "FOUR_LEVELS",
    "Calibration",
    "HumanLabel",
    "JudgeConsistency",
    "JudgeJournal",
    "JudgeUsage",
    "LLMJudge",
    "Level",
    "Rating",
    "Rubric",
    "calibrate",
    "measure_consistency",
]
