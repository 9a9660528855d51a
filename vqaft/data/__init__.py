"""Examples, where they come from, and how they are split."""

from vqaft.data.example import VQAExample
from vqaft.data.kinds import QuestionKind, question_kind

__all__ = ["QuestionKind", "VQAExample", "question_kind"]
