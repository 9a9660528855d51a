"""JSON that somebody sent, checked."""

from __future__ import annotations

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from vqaft.server.api_error import ApiError

Body = TypeVar("Body", bound=BaseModel)


def parse_body(content: bytes, kind: type[Body]) -> Body:
    """Read JSON.

    Args:
        content: The JSON.
        kind: What it must be.

    Raises:
        ApiError: 400 if it is not.
    """
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        message, place = first_problem(error)
        raise ApiError(400, f"{message} ({place or 'the body'})", param=place or None) from error


def first_problem(error: ValidationError) -> tuple[str, str]:
    """Give the first thing that is wrong, and its place, e.g. `messages.0.role`; the place is empty for the whole."""
    first = error.errors(include_url=False, include_input=False)[0]
    return first["msg"], ".".join(str(part) for part in first["loc"])
