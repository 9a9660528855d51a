"""Scores, statistics and comparisons."""

from vqaft.evaluation.compare import compare
from vqaft.evaluation.compare_models import ModelComparison, ModelPair, compare_models, read_comparison
from vqaft.evaluation.compare_runs import RunComparison, compare_runs
from vqaft.evaluation.comparison import Comparison, RatingDistribution
from vqaft.evaluation.corrected_difference import CorrectedDifference, correct_difference
from vqaft.evaluation.data_plan import DataPlan, SliceNeed, suggest_data
from vqaft.evaluation.evaluation import Evaluation
from vqaft.evaluation.evaluator import Evaluator
from vqaft.evaluation.human_verdicts import AboutLabel, HumanVerdict, HumanVerdicts, verdict_line, verdict_of
from vqaft.evaluation.judge.bias import (
    JudgeConsistency,
    JudgePreference,
    measure_consistency,
    measure_family_preference,
    measure_length_preference,
)
from vqaft.evaluation.judge.calibration import Agreement, Calibration, HumanLabel, calibrate
from vqaft.evaluation.judge.llm_judge import JudgeJournal, LLMJudge
from vqaft.evaluation.judge.recorded_judge import LevelJudge, RecordedJudge
from vqaft.evaluation.judge.rubric import FOUR_LEVELS, RIGHT_OR_WRONG, SIMILARITY, Level, Rating, Rubric
from vqaft.evaluation.label_audit import LabelAudit, LabelDoubt, audit_labels
from vqaft.evaluation.rows import Outcome, PairedRow, ScoredRow, Slicer
from vqaft.evaluation.score import AnsweredExample, Score, ScoreFailure, Scorer
from vqaft.evaluation.scorer_facts import Metered, ScorerFacts, ScorerUsage
from vqaft.evaluation.scorers.anls import ANLS
from vqaft.evaluation.scorers.choice_match import ChoiceMatch
from vqaft.evaluation.scorers.dates import DateMatch, TimeMatch
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.numeric import Numeric, RelaxedAccuracy
from vqaft.evaluation.scorers.string_match import CookbookExactMatch, CookbookSubstringMatch, ExactMatch, LenientMatch
from vqaft.evaluation.scorers.token_f1 import TokenF1
from vqaft.evaluation.scorers.vqa_accuracy import VQAAccuracy
from vqaft.evaluation.slice_comparison import (
    ComparisonSettings,
    CountedWrong,
    MissingBounds,
    PairedTest,
    SliceComparison,
    Verdict,
)
from vqaft.evaluation.statistics.interval import Estimate, Interval
from vqaft.evaluation.statistics.paired_tests import WinLoss
from vqaft.evaluation.summary import SliceMean, Summary
from vqaft.evaluation.tables import estimate_text, p_text, percent, percent_range, points, points_range
from vqaft.evaluation.verdict import could_turn

__all__ = [
    "ANLS",
    "FOUR_LEVELS",
    "RIGHT_OR_WRONG",
    "SIMILARITY",
    "AboutLabel",
    "Agreement",
    "AnsweredExample",
    "Calibration",
    "ChoiceMatch",
    "Comparison",
    "ComparisonSettings",
    "CookbookExactMatch",
    "CookbookSubstringMatch",
    "CorrectedDifference",
    "CountedWrong",
    "DataPlan",
    "DateMatch",
    "Estimate",
    "Evaluation",
    "Evaluator",
    "ExactMatch",
    "HumanLabel",
    "HumanVerdict",
    "HumanVerdicts",
    "Interval",
    "JudgeConsistency",
    "JudgeJournal",
    "JudgePreference",
    "LLMJudge",
    "LabelAudit",
    "LabelDoubt",
    "LenientMatch",
    "Level",
    "LevelJudge",
    "Metered",
    "MissingBounds",
    "ModelComparison",
    "ModelPair",
    "Numeric",
    "Outcome",
    "PairedRow",
    "PairedTest",
    "Rating",
    "RatingDistribution",
    "RecordedJudge",
    "RelaxedAccuracy",
    "Rubric",
    "RunComparison",
    "Score",
    "ScoreFailure",
    "ScoredRow",
    "Scorer",
    "ScorerFacts",
    "ScorerUsage",
    "SliceComparison",
    "SliceMean",
    "SliceNeed",
    "Slicer",
    "Summary",
    "TimeMatch",
    "TokenF1",
    "VQAAccuracy",
    "Verdict",
    "WinLoss",
    "audit_labels",
    "calibrate",
    "compare",
    "compare_models",
    "compare_runs",
    "correct_difference",
    "could_turn",
    "estimate_text",
    "final_answer",
    "measure_consistency",
    "measure_family_preference",
    "measure_length_preference",
    "p_text",
    "percent",
    "percent_range",
    "points",
    "points_range",
    "read_comparison",
    "suggest_data",
    "verdict_line",
    "verdict_of",
]
