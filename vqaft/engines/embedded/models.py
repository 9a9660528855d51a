"""Models that are loaded and answer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vqaft.engines.embedded.base_model import untrained_answer
from vqaft.engines.embedded.conversation import asked
from vqaft.engines.embedded.evidence import Findings
from vqaft.engines.embedded.image_features import image_features
from vqaft.engines.embedded.knowledge import Knowledge, best
from vqaft.engines.embedded.pictures import Picture
from vqaft.engines.embedded.ranker import Page
from vqaft.engines.embedded.reading import Reader
from vqaft.engines.embedded.text_skill import TextSkill
from vqaft.engines.engine import ChatAnswer, ChatTurn
from vqaft.engines.structured_output import reply

REMEMBERED = 64
"""Images of which the described text is kept, for they are often asked about several times in a row."""


class BaseModel:
    """The untrained model.

    Args:
        reader: Reads text in images.
    """

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer by the form of the question and the text in the image.

        Raises:
            ImageError: If an image cannot be read.
        """
        what = asked(turn.messages)
        lines = () if what.image_url is None else self._reader.read(Picture.from_url(what.image_url))
        return reply(turn, untrained_answer(what.question, lines))


class TrainedModel:
    """A model that learnt from a training file.

    Args:
        knowledge: What it learnt.
        reader: Reads text in images.
    """

    def __init__(self, knowledge: Knowledge, reader: Reader) -> None:
        self._knowledge, self._reader = knowledge, reader
        self._features = lru_cache(maxsize=REMEMBERED)(_features)
        self._reading = lru_cache(maxsize=REMEMBERED)(self._read)

    def answer(self, turn: ChatTurn) -> ChatAnswer:
        """Answer by the image and the question; few-shot examples in the conversation do not count.

        Raises:
            ImageError: If an image cannot be read.
        """
        what = asked(turn.messages)
        question = self._knowledge.frame.question(what.question)
        picture = None if what.image_url is None else Picture.from_url(what.image_url)
        case = self._knowledge.vision.case(self._features(picture), question)
        page, text = None, self._knowledge.text
        if picture is not None and text is not None:
            page, findings = self._reading(text, picture)
            case |= text.evidence(question, findings)
        return reply(turn, best(self._knowledge.chances(case, page, question)))

    def _read(self, text: TextSkill, picture: Picture) -> tuple[Page, Findings]:
        page = text.ranker.page(self._reader.read(picture))
        return page, text.findings(page)


def _features(picture: Picture | None) -> dict[str, NDArray[np.float64]]:
    return image_features(None if picture is None else picture.open())
