"""Scorers: from an answered example to a score between 0 and 1."""

from vqaft.evaluation.scorers.anls import ANLS
from vqaft.evaluation.scorers.choice_match import ChoiceMatch
from vqaft.evaluation.scorers.dates import DateMatch, TimeMatch
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.numeric import Numeric, RelaxedAccuracy
from vqaft.evaluation.scorers.string_match import CookbookExactMatch, CookbookSubstringMatch, ExactMatch, LenientMatch
from vqaft.evaluation.scorers.token_f1 import TokenF1
from vqaft.evaluation.scorers.vqa_accuracy import VQAAccuracy

__all__ = [
    "ANLS",
    "ChoiceMatch",
    "CookbookExactMatch",
    "CookbookSubstringMatch",
    "DateMatch",
    "ExactMatch",
    "LenientMatch",
    "Numeric",
    "RelaxedAccuracy",
    "TimeMatch",
    "TokenF1",
    "VQAAccuracy",
    "final_answer",
]
