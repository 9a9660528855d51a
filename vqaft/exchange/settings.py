"""Validation of the settings of targets: every target is valid by construction."""

from __future__ import annotations

from collections.abc import Iterable

from vqaft.errors import DataError, shown


def check_settings(
    owner: object,
    *,
    texts: Iterable[str] = (),
    words: Iterable[str] = (),
    flags: Iterable[str] = (),
    counts: Iterable[str] = (),
) -> None:
    """Refuse settings of the wrong type.

    Args:
        owner: The target.
        texts: Names of fields that are strings.
        words: Names of fields that are sequences of strings; they are kept as tuples.
        flags: Names of fields that are True or False.
        counts: Names of fields that are integers of at least 1.

    Raises:
        DataError: If one is not; it names the field and its value.
    """
    for name in texts:
        _require(owner, name, isinstance(getattr(owner, name), str), "a string")
    for name in flags:
        _require(owner, name, isinstance(getattr(owner, name), bool), "True or False")
    for name in counts:
        value = getattr(owner, name)
        _require(owner, name, _is_count(value), "an integer of at least 1")
    for name in words:
        value = getattr(owner, name)
        listed = isinstance(value, tuple | list) and all(isinstance(word, str) and word for word in value)
        _require(owner, name, listed, "a sequence of words")
        object.__setattr__(owner, name, tuple(value))


def _require(owner: object, name: str, fits: bool, wanted: str) -> None:  # noqa: FBT001 - private
    if not fits:
        raise DataError(f"{type(owner).__name__}: {name} is {shown(getattr(owner, name))}, not {wanted}")


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
