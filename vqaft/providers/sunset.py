"""The days on which providers stop training models, and stop running them."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from vqaft.typed import typed


@dataclass(frozen=True, kw_only=True)
@typed
class Sunset:
    """What a provider announced for some models.

    Attributes:
        address: A regular expression found in the service's address.
        model: A regular expression that the model's whole name matches.
        training_ends: The last day on which new jobs are taken; None where it is not announced.
        shuts_down: The day on which the models, and what was tuned on them, stop answering; None where not announced.
        source: Where this was read.
        read_on: When it was read.
    """

    address: str
    model: str
    training_ends: dt.date | None = None
    shuts_down: dt.date | None = None
    source: str
    read_on: dt.date

    def concerns(self, account: str, model: str) -> bool:
        """Whether it is about this model at this service."""
        return re.search(self.address, account) is not None and re.fullmatch(self.model, model) is not None


CALENDAR: tuple[Sunset, ...] = (
    Sunset(
        address=r"//api\.openai\.com/",
        model=r"(ft:)?gpt-(4o|4o-mini|4\.1|4\.1-mini)(-\d{4}-\d\d-\d\d)?(:.*)?",
        shuts_down=dt.date(2027, 1, 14),
        source="a mirror of OpenAI's deprecations page, and three posts that agree",
        read_on=dt.date(2026, 11, 23),
    ),
    Sunset(
        address=r"//api\.openai\.com/",
        model=r".*",
        training_ends=dt.date(2027, 1, 6),
        source="OpenAI's announcement to its fine-tuning customers",
        read_on=dt.date(2026, 11, 23),
    ),
    Sunset(
        address=r"\.(openai\.azure|services\.ai\.azure|cognitiveservices\.azure)\.com",
        model=r"gpt-(4o|4\.1)(-\d{4}-\d\d-\d\d)?(\.ft-.*)?",
        shuts_down=dt.date(2027, 4, 14),
        source="a secondary source (dev.to/bigcircle); look at your own portal",
        read_on=dt.date(2026, 11, 23),
    ),
)
"""What vqaft knows, with the day it was read; a service's own word goes before it."""
