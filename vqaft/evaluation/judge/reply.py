"""From a judge's reply to a score, or to the reason why there is none."""

from __future__ import annotations

import json

from vqaft.evaluation.judge.rubric import Rubric
from vqaft.evaluation.score import Score, ScoreFailure
from vqaft.inference import ChatReply

CUT_SHORT = {"length": "truncated", "content_filter": "content_filter"}
SHOWN = 200


def read_rating(reply: ChatReply, rubric: Rubric) -> Score | ScoreFailure:
    """Read a rating.

    Args:
        reply: What the judge answered.
        rubric: The levels it may choose from.

    Returns:
        The score with the judge's reason and level; a `ScoreFailure` where it refused, was cut short, or answered
        anything but the JSON that was asked for.
    """
    if reply.refusal:
        return ScoreFailure(kind="refused", message=reply.refusal)
    if reply.finish_reason in CUT_SHORT:
        return ScoreFailure(kind=CUT_SHORT[reply.finish_reason], message=f"the judge stopped: {reply.finish_reason}")
    if not reply.text:
        return ScoreFailure(kind="empty", message="the judge answered nothing")
    try:
        content = json.loads(reply.text)
        rating, reason = content["rating"], content.get("reason", "")
        return Score(value=rubric.value(rating), reason=str(reason), label=rating)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ScoreFailure(kind="unreadable", message=f"the judge's answer is no rating: {reply.text[:SHOWN]!r}")
