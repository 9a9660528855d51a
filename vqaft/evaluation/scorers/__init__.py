"""Ways to score an answer."""

from vqaft.evaluation.scorers.anls import ANLS
from vqaft.evaluation.scorers.choice_match import ChoiceMatch
from vqaft.evaluation.scorers.exact import ExactMatch
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.lenient import LenientMatch
from vqaft.evaluation.scorers.numeric import Numeric
from vqaft.evaluation.scorers.relaxed_accuracy import RelaxedAccuracy
from vqaft.evaluation.scorers.token_f1 import TokenF1
from vqaft.evaluation.scorers.vqa_accuracy import VQAAccuracy

__all__ = [
    "ANLS",
    "ChoiceMatch",
    "ExactMatch",
    "LenientMatch",
    "Numeric",
    "RelaxedAccuracy",
    "TokenF1",
    "VQAAccuracy",
    "final_answer",
]
