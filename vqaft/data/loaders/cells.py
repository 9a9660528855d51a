"""One cell of a table → a text, the acceptable answers, or the images."""

from __future__ import annotations

import datetime as dt
import decimal
import fractions
import numbers
import uuid
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pybase64

from vqaft.errors import DataError, ImageError, shown
from vqaft.images import ImageSource, check_source, sniff

_ANSWER_KEYS = ("answer", "text", "answers", "value")
_IMAGE_KEYS = ("url", "src", "image", "image_url", "file_name")
_LEAST_BASE64 = 128


def text_of(value: Any, what: str) -> str:
    """Return a cell as text without surrounding blanks; a missing value (None, NaN, NaT, NA) becomes empty.

    Numbers become text, whole ones without a fraction (`3.0` of a spreadsheet is "3"); days become ISO dates, and
    bytes are decoded as UTF-8.

    Args:
        value: The cell.
        what: What the cell holds, for the message.

    Raises:
        DataError: If the value is of a type that stands for no text, e.g. a list or a mapping.
    """
    return value.strip() if type(value) is str else _text_of_other(plain_of(value), what)


def _text_of_other(value: Any, what: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return _decoded(value, what)
    if isinstance(value, dt.date | dt.time):
        return _iso(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str | bool | numbers.Number | decimal.Decimal | fractions.Fraction | uuid.UUID):
        return str(value).strip()
    hint = "Convert the column, or name another one with columns=Columns(...)."
    raise DataError(f"the {what} is {shown(value)}, of type {type(value).__name__}, not text", hint=hint)


def _iso(value: dt.date | dt.time) -> str:
    """Return a day or a time in ISO 8601; a spreadsheet's day, which has the time 00:00, without it."""
    if isinstance(value, dt.datetime) and value.time() == dt.time() and value.tzinfo is None:
        value = value.date()
    return value.isoformat()


def plain_of(value: Any) -> Any:
    """Return a cell without the wrapping of numpy, pandas, polars or pyarrow; None for every kind of missing value."""
    return value if type(value) is str else _unwrapped(value)  # most cells are texts


def _unwrapped(value: Any) -> Any:
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    for name in ("to_pylist", "as_py", "to_list", "tolist"):  # pyarrow, pandas and polars, numpy
        if not isinstance(value, np.ndarray) and callable(convert := getattr(value, name, None)):
            value = convert()
            break
    if hasattr(value, "to_pydatetime"):
        value = value.to_pydatetime() if value == value else None  # noqa: PLR0124 - NaT is not equal to itself
    return None if _is_missing(value) else value


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in {"NAType", "NaTType"}:
        return True
    return isinstance(value, float | decimal.Decimal) and value != value  # noqa: PLR0124 - NaN is not equal to itself


def _decoded(value: bytes, what: str) -> str:
    try:
        return value.decode().strip()
    except UnicodeDecodeError:
        raise DataError(f"the {what} is {shown(value)} that are not UTF-8, not text") from None


def list_of(value: Any) -> list[Any] | None:
    """Return the entries of a cell that holds a list, a tuple or an array of one dimension; None for any other cell."""
    if type(value) is str:
        return None
    if isinstance(value, np.ndarray) and value.ndim == 1:
        return list(value.tolist())
    value = plain_of(value)
    return list(value) if isinstance(value, list | tuple) else None


def answers_of(value: Any) -> tuple[str, ...]:
    """Return the acceptable answers of a cell, the most frequent first; repetitions are kept, blanks are not.

    Args:
        value: An answer, or a list of answers: each a plain value or a mapping with the key `answer` (VQAv2) or `text`;
            or one mapping of lists, as `datasets` stores lists of mappings (SQuAD's `{"text": [...], ...}`).

    Raises:
        DataError: If an entry is of a type that stands for no text.
    """
    if type(value) is str:
        return (text,) if (text := value.strip()) else ()
    entries = _answer_entries(value)
    known = [text for entry in entries if (text := text_of(entry, "answer"))]
    counts = Counter(known)
    return tuple(sorted(known, key=lambda text: -counts[text]))


def _answer_entries(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        value = _under_answer_key(value)
    entries = list_of(value)
    if entries is None:
        return [value]
    return [_under_answer_key(entry) if isinstance(entry, Mapping) else entry for entry in entries]


def _under_answer_key(value: Mapping[str, Any]) -> Any:
    for key in _ANSWER_KEYS:
        if key in value:
            return value[key]
    raise DataError(f"the answer is {shown(dict(value))}, a mapping without the key 'answer' or 'text'")


def images_of(value: Any) -> tuple[ImageSource, ...]:
    """Return the images of a cell, in order.

    Args:
        value: One image, or a list of images: each a path, a URL, bytes or base64 of an image file, a PIL image, an
            array, or a mapping with `bytes` and `path`, or with `url`.

    Raises:
        ImageError: If there is no image, or a value cannot be one.
    """
    if type(value) is str and (text := value.strip()):
        return (_of_base64(text),)
    entries = [*value] if isinstance(value, list | tuple) else [value]
    if isinstance(value, np.ndarray) and value.dtype == object:
        entries = value.tolist()
    if not entries:
        raise ImageError("the image is missing")
    return tuple(map(_image_of, entries))


def one_image_of(value: Any) -> ImageSource:
    """Return the one image of an entry; see `images_of`.

    Raises:
        ImageError: If there is none, or several.
    """
    images = images_of(value)
    if len(images) > 1:
        raise ImageError(f"{len(images)} images stand where one is shown")
    return images[0]


def _image_of(value: Any) -> ImageSource:
    if isinstance(value, Mapping):
        value = _of_mapping(value)
    if not isinstance(value, np.ndarray) and not hasattr(value, "read"):
        value = value if hasattr(value, "tobytes") and hasattr(value, "mode") else plain_of(value)
    if value is None or (isinstance(value, str | bytes) and not value.strip()):
        raise ImageError("the image is missing")
    if isinstance(value, str):
        return _of_base64(value.strip())
    return check_source(value)


def _of_mapping(value: Mapping[str, Any]) -> Any:
    if {"bytes", "path"} & set(value):
        if type(value) is not dict:
            return value  # reads its image when it is looked at
        return value.get("bytes") or value.get("path")
    for key in _IMAGE_KEYS:
        if key in value:
            inner = value[key]
            return _of_mapping(inner) if isinstance(inner, Mapping) else inner
    raise ImageError(f"the image is {shown(dict(value))}, a mapping without 'bytes', 'path' or 'url'")


def _of_base64(text: str) -> str | bytes:
    """Return the bytes of an image file that stands in a cell as bare base64; any other text unchanged."""
    if len(text) < _LEAST_BASE64 or text[:5].lower() == "data:" or "." in text[-8:]:
        return text
    try:
        data = pybase64.b64decode(text, validate=True)
    except ValueError:
        return text
    return data if sniff(data) is not None else text
