"""Scores, statistics and comparisons."""

from vqaft.evaluation.audit_labels import audit_labels
from vqaft.evaluation.compare import compare
from vqaft.evaluation.compare_runs import RunComparison, compare_runs
from vqaft.evaluation.comparison import Comparison, ComparisonSettings
from vqaft.evaluation.corrected_difference import CorrectedDifference, correct_difference
from vqaft.evaluation.data_plan import DataPlan, SliceNeed
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.evaluator import Evaluator
from vqaft.evaluation.interval import Estimate, Interval
from vqaft.evaluation.judge import (
    FOUR_LEVELS,
    Calibration,
    HumanLabel,
    JudgeConsistency,
    JudgeJournal,
    JudgeUsage,
    Level,
    LLMJudge,
    Rating,
    Rubric,
    calibrate,
    measure_consistency,
)
from vqaft.evaluation.label_audit import LabelAudit, LabelDoubt
from vqaft.evaluation.paired_row import Outcome, PairedRow
from vqaft.evaluation.ratings import RatingDistribution
from vqaft.evaluation.score import Answered, Score, ScoreFailure, Scorer
from vqaft.evaluation.scored_row import ScoredRow
from vqaft.evaluation.scorer_facts import ScorerFacts
from vqaft.evaluation.scorers import (
    ANLS,
    ChoiceMatch,
    ExactMatch,
    LenientMatch,
    Numeric,
    RelaxedAccuracy,
    TokenF1,
    VQAAccuracy,
    final_answer,
)
from vqaft.evaluation.slice_comparison import MissingBounds, PairedTest, SliceComparison, Verdict
from vqaft.evaluation.slices import Slicer
from vqaft.evaluation.suggest_data import suggest_data
from vqaft.evaluation.summary import SliceMean, Summary

__all__ = [
    "ANLS",
    "FOUR_LEVELS",
    "Answered",
    "Calibration",
    "ChoiceMatch",
    "Comparison",
    "ComparisonSettings",
    "CorrectedDifference",
    "DataPlan",
    "Estimate",
    "Evaluation",
    "Evaluator",
    "ExactMatch",
    "HumanLabel",
    "Interval",
    "JudgeConsistency",
    "JudgeJournal",
    "JudgeUsage",
    "LLMJudge",
    "LabelAudit",
    "LabelDoubt",
    "LenientMatch",
    "Level",
    "MissingBounds",
    "Numeric",
    "Outcome",
    "PairedRow",
    "PairedTest",
    "Rating",
    "RatingDistribution",
    "RelaxedAccuracy",
    "Rubric",
    "RunComparison",
    "Score",
    "ScoreFailure",
    "ScoredRow",
    "Scorer",
    "ScorerFacts",
    "SliceComparison",
    "SliceMean",
    "SliceNeed",
    "Slicer",
    "Summary",
    "TokenF1",
    "VQAAccuracy",
    "Verdict",
    "audit_labels",
    "calibrate",
    "compare",
    "compare_runs",
    "correct_difference",
    "final_answer",
    "measure_consistency",
    "suggest_data",
]
