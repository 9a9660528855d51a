"""Turns of a conversation → pairs of question and answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

from vqaft.errors import DataError

Speaker: TypeAlias = Literal["system", "user", "assistant"]

_SPEAKERS: dict[str, Speaker] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
}


def speaker(name: object) -> Speaker:
    """Tell who speaks, in the words of OpenAI (user, assistant) or of LLaVA (human, gpt).

    Args:
        name: The role as the file has it.

    Raises:
        DataError: If the role is unknown.
    """
    if name not in _SPEAKERS:
        raise DataError(f"the role {name!r} is none of {', '.join(_SPEAKERS)}")
    return _SPEAKERS[str(name)]


def pairs_of(turns: Iterable[tuple[Speaker, str]]) -> Iterator[tuple[str, str]]:
    """Pair each question with the answer that follows it.

    Args:
        turns: Who says what; what the system says is passed over.

    Yields:
        Question and answer.

    Raises:
        DataError: If an answer has no question, a question no answer, or one is empty.
    """
    spoken = [(who, text.strip()) for who, text in turns if who != "system"]
    if any(who != ("user", "assistant")[place % 2] for place, (who, _) in enumerate(spoken)):
        raise DataError("the turns of user and assistant do not alternate")
    if len(spoken) % 2:
        raise DataError("the last question has no answer")
    if not all(text for _, text in spoken):
        raise DataError("a turn is empty")
    for (_, question), (_, answer) in zip(spoken[::2], spoken[1::2], strict=True):
        yield question, answer
