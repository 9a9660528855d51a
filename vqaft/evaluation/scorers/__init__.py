"""Ways to score an answer."""

from vqaft.evaluation.scorers.exact import ExactMatch
from vqaft.evaluation.scorers.final_answer import final_answer
from vqaft.evaluation.scorers.lenient import LenientMatch

__all__ = ["ExactMatch", "LenientMatch", "final_answer"]
