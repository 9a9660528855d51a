"""Rules about who speaks, and when."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from vqaft.records.check.problem import Severity
from vqaft.records.check.row import CheckedRow
from vqaft.records.check.rule import Found, RowRule
from vqaft.records.limits import ProviderLimits

_FIRST = frozenset({"system", "developer"})


def no_user(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An answer needs a question."""
    if row.messages and not any(message.role == "user" for message in row.messages):
        yield Found("messages", "no message is the user's")


def no_assistant(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Without an answer there is nothing to train on."""
    if row.messages and not row.is_preference and not any(message.role == "assistant" for message in row.messages):
        yield Found("messages", "no message is the assistant's")


def last_is_not_assistant(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """What follows the last answer is paid for and never used."""
    roles = [message.role for message in row.messages]
    if "assistant" in roles and not row.is_preference and roles[-1] != "assistant":
        yield Found(row.messages[-1].place, f"the row ends with a message of the {roles[-1] or 'nameless'}")


def system_late(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Instructions come first."""
    for message in row.messages[1:]:
        if message.role in _FIRST and row.messages[0].role not in _FIRST:
            yield Found(message.place, f"the {message.role} message is not the first")


def several_systems(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """One set of instructions is enough."""
    yield from (
        Found(message.place, "a second message of instructions")
        for message in [message for message in row.messages if message.role in _FIRST][1:]
    )


def assistant_first(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """An answer before any question."""
    spoken = [message for message in row.messages if message.role not in _FIRST]
    if spoken and spoken[0].role == "assistant":
        yield Found(spoken[0].place, "the assistant speaks before the user")


def answers_in_a_row(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Two answers with no question between them; several trainers refuse it."""
    for before, message in pairwise(row.messages):
        if before.role == message.role == "assistant":
            yield Found(message.place, "the assistant speaks twice in a row")


def questions_in_a_row(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Two user messages with no answer between them; some open trainers refuse it."""
    for before, message in pairwise(row.messages):
        if before.role == message.role == "user":
            yield Found(message.place, "the user speaks twice in a row")


def _rule(code: str, severity: Severity, find: Any, remedy: str) -> RowRule:
    return RowRule(code=f"roles.{code}", severity=severity, remedy=remedy, find=find)


ROLES_RULES = (
    _rule("no-user", "error", no_user, "Give the row a question."),
    _rule("no-assistant", "error", no_assistant, "Give the row its answer: training rows come from builder.record."),
    _rule("last-not-assistant", "error", last_is_not_assistant, "End the row with the answer."),
    _rule("system-late", "warning", system_late, "Put it first."),
    _rule("several-systems", "warning", several_systems, "Join them into one."),
    _rule("assistant-first", "warning", assistant_first, "Put the question before the answer."),
    _rule("answers-in-a-row", "warning", answers_in_a_row, "Join them, or put the question between them."),
    _rule("questions-in-a-row", "note", questions_in_a_row, "Join them into one message with several parts."),
)
"""Rules about who speaks, and when."""
