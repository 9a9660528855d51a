"""Average normalized Levenshtein similarity (ANLS), for text read in images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from vqaft.evaluation.score import AnsweredExample, Score
from vqaft.typed import Share, typed


@dataclass(frozen=True, kw_only=True)
@typed
class ANLS:
    """One minus the edit distance as a share of the longer text; 0 where that falls below a threshold.

    Case and the number of blanks make no difference (the official script divides by the length with all blanks). The
    best reference decides.
    A. F. Biten et al., "Scene text visual question answering", ICCV 2019. A similarity of just the threshold counts,
    as in the challenges' own evaluation; the paper's formula leaves that one case out.

    Attributes:
        threshold: The least similarity that counts, 0 to 1.
    """

    threshold: Share = 0.5

    def __call__(self, answered: AnsweredExample) -> Score:
        """Score one answer.

        Args:
            answered: The example and the answer.
        """
        said = _form(answered.answer)
        best, edits, size = -1.0, 0, 0
        for truth in answered.example.answers:
            wanted = _truth_form(truth)
            longer = max(len(said), len(wanted))
            distance = Levenshtein.distance(said, wanted)
            similarity = 1 - distance / longer if longer else 1.0
            if similarity > best:
                best, edits, size = similarity, distance, longer
        return _score(best if best >= self.threshold else 0.0, edits, size)


def _form(text: str) -> str:
    return " ".join(text.lower().split())


_truth_form = lru_cache(maxsize=1 << 16)(_form)


@lru_cache(maxsize=1 << 14)
def _score(value: float, edits: int, size: int) -> Score:
    return Score(value=value, reason=f"{edits} edits to the nearest answer, of {size} characters")
