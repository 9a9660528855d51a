"""Rules about weights, names, tools, preferences, and the order of roles."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from vqaft.check.parsed_row import CheckedRow
from vqaft.check.rule import Found, RowRule, Severity
from vqaft.providers import ProviderLimits


def weight_value(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A weight is the integer 0 or 1."""
    for message in row.messages:
        weight = message.value.get("weight", 1)
        if type(weight) is not int or weight not in {0, 1}:
            yield Found(f"{message.place}.weight", f"the weight is {repr(weight)[:40]}, not 0 or 1")


def weight_place(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Only answers are trained on."""
    for message in row.messages:
        if "weight" in message.value and message.role != "assistant":
            yield Found(f"{message.place}.weight", f"a {message.role or 'nameless'} message has a weight")


def nothing_trained(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A row whose answers all weigh nothing costs money and teaches nothing."""
    weights = [message.value.get("weight", 1) for message in row.messages if message.role == "assistant"]
    if weights and not any(weights):
        yield Found("", "every answer has weight 0")


def name_value(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A name is a short word."""
    for message in row.messages:
        name = message.value.get("name", "x")
        if not isinstance(name, str) or not name or len(name) > 64 or not set(name).isdisjoint(" <|\\/>"):  # noqa: PLR2004
            yield Found(f"{message.place}.name", f"the name is {repr(name)[:40]}")


def tools_list(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Tools are a list of functions."""
    tools = row.value.get("tools", [])
    if not isinstance(tools, list) or not all(_is_tool(tool) for tool in tools):
        yield Found("tools", 'tools is no list of {"type": "function", "function": {"name": …}}')


def _is_tool(tool: Any) -> bool:
    function = tool.get("function") if isinstance(tool, dict) else None
    return isinstance(function, dict) and isinstance(function.get("name"), str)


def tool_calls(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A call has an id and names a function."""
    for message in row.messages:
        calls = message.value.get("tool_calls", [])
        if not isinstance(calls, list) or not all(_is_tool(call) and isinstance(call.get("id"), str) for call in calls):
            yield Found(f"{message.place}.tool_calls", "a tool call has no id, or names no function")
        elif not all(isinstance(call["function"].get("arguments"), str) for call in calls):
            yield Found(f"{message.place}.tool_calls", "the arguments of a tool call are not a string of JSON")


def tool_without_call(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """What a tool returned must follow a call of it."""
    called: set[Any] = set()
    for message in row.messages:
        calls = message.value.get("tool_calls")
        called |= (
            {repr(call.get("id")) for call in calls if isinstance(call, dict)} if isinstance(calls, list) else set()
        )
        if message.role == "tool" and repr(message.value.get("tool_call_id")) not in called:
            yield Found(message.place, "the tool's answer belongs to no call before it")


def parallel_value(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """`parallel_tool_calls` is true or false."""
    if not isinstance(row.value.get("parallel_tool_calls", True), bool):
        yield Found("parallel_tool_calls", "parallel_tool_calls is neither true nor false")


def preference_sides(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """A preference row has one better and one worse answer."""
    if not row.is_preference:
        return
    for better in ("preferred", "non_preferred"):
        side = row.value.get(f"{better}_completion", row.value.get(f"{better}_output"))
        if not isinstance(side, list) or not side or not isinstance(side[0], dict) or not side[0].get("content"):
            yield Found(f"{better}_completion", f"the {better.replace('_', '-')} answer is missing")


def preference_equal(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Two equal answers teach nothing."""
    sides = [
        row.value.get(f"{name}_completion", row.value.get(f"{name}_output")) for name in ("preferred", "non_preferred")
    ]
    if row.is_preference and sides[0] is not None and sides[0] == sides[1]:
        yield Found("", "the preferred and the non-preferred answer are the same")


def preference_image(row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    """Preference tuning reads text only."""
    if row.is_preference:
        yield from (Found(image.place, "a preference row shows an image") for image in row.images)


def _rule(code: str, find: Any, remedy: str) -> RowRule:
    return RowRule(code=f"extras.{code}", severity="error", remedy=remedy, find=find, by_shape=True)


EXTRAS_RULES = (
    _rule("weight-value", weight_value, "Use 0 to keep an answer out of the loss, else 1."),
    _rule("weight-place", weight_place, "Take it out; fix_file does."),
    _rule("nothing-trained", nothing_trained, "Give an answer weight 1, or take the row out."),
    _rule("name", name_value, "Use letters, digits and underscores, 64 at most, or take it out."),
    _rule("tools", tools_list, "Write tools as the API documents them."),
    _rule("tool-calls", tool_calls, "Write tool calls as the API documents them."),
    _rule("tool-without-call", tool_without_call, "Put the assistant's tool_calls before it."),
    _rule("parallel-tool-calls", parallel_value, "Use true or false."),
    _rule("preference-side", preference_sides, "Give both answers as assistant messages."),
    _rule("preference-equal", preference_equal, "Take the row out."),
    _rule("preference-image", preference_image, "Use images in supervised rows only."),
)
"""Rules about weights, names, tools and preferences."""

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


def _role_rule(code: str, severity: Severity, find: Any, remedy: str) -> RowRule:
    return RowRule(code=f"roles.{code}", severity=severity, remedy=remedy, find=find, by_shape=True)


ROLES_RULES = (
    _role_rule("no-user", "error", no_user, "Give the row a question."),
    _role_rule(
        "no-assistant", "error", no_assistant, "Give the row its answer: training rows come from builder.record."
    ),
    _role_rule("last-not-assistant", "error", last_is_not_assistant, "End the row with the answer."),
    _role_rule("system-late", "warning", system_late, "Put it first."),
    _role_rule("several-systems", "warning", several_systems, "Join them into one."),
    _role_rule("assistant-first", "warning", assistant_first, "Put the question before the answer."),
    _role_rule("answers-in-a-row", "warning", answers_in_a_row, "Join them, or put the question between them."),
    _role_rule("questions-in-a-row", "note", questions_in_a_row, "Join them into one message with several parts."),
)
"""Rules about who speaks, and when."""
