"""What the answers of a data set are worth."""

from vqaft.data.labels.conflicts import LabelConflict, label_conflicts
from vqaft.data.labels.distribution import AnswerDistribution, answer_distribution

__all__ = ["AnswerDistribution", "LabelConflict", "answer_distribution", "label_conflicts"]
