"""Rules about a file as a whole, and about a line as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from vqaft.check.parsed_row import CheckedRow, LineFlaw, ParsedFile
from vqaft.check.rule import FileRule, Found, FoundLine, RowRule, Severity
from vqaft.providers import ProviderLimits

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip",
    b"(\xb5/\xfd": "zstandard",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}
_TABLES = (".csv", ".tsv", ".tab", ".xlsx", ".parquet")


def no_rows(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Nothing to train on."""
    if not file.rows and not file.other_rows and not _is_table(file):
        yield FoundLine(None, "the file has no rows")


def too_few(file: ParsedFile, limits: ProviderLimits) -> Iterable[FoundLine]:
    """Fewer rows than the provider takes."""
    if limits.min_rows is not None and 0 < len(file.rows) < limits.min_rows:
        yield FoundLine(None, f"{len(file.rows)} rows, under {limits.min_rows}")


def too_many(file: ParsedFile, limits: ProviderLimits) -> Iterable[FoundLine]:
    """More rows than the provider takes."""
    if limits.max_rows is not None and len(file.rows) > limits.max_rows:
        yield FoundLine(None, f"{len(file.rows)} rows, over {limits.max_rows}")


def too_many_with_images(file: ParsedFile, limits: ProviderLimits) -> Iterable[FoundLine]:
    """More rows with images than the provider takes."""
    shown = sum(bool(row.images or row.context_images) for row in file.rows)
    if limits.max_image_rows is not None and shown > limits.max_image_rows:
        yield FoundLine(None, f"{shown} rows with images, over {limits.max_image_rows}")


def too_large(file: ParsedFile, limits: ProviderLimits) -> Iterable[FoundLine]:
    """More bytes than the provider takes by any way."""
    if limits.max_file_bytes is not None and file.size_bytes > limits.max_file_bytes:
        yield FoundLine(None, f"{file.size_bytes / 1e6:.0f} MB, over {limits.max_file_bytes / 1e6:.0f} MB")


def needs_parts(file: ParsedFile, limits: ProviderLimits) -> Iterable[FoundLine]:
    """More bytes than one request can bring."""
    most, all_ways = limits.max_direct_bytes, limits.max_file_bytes
    if most is not None and most < file.size_bytes and (all_ways is None or file.size_bytes <= all_ways):
        yield FoundLine(None, f"{file.size_bytes / 1e6:.0f} MB, over the {most / 1e6:.0f} MB of one request")


def ending(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Providers go by the file's name."""
    if file.path is not None and not file.path.lower().endswith(".jsonl"):
        yield FoundLine(None, "the file's name does not end in .jsonl")


def carriage_returns(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Line ends of Windows."""
    if file.crlf_lines:
        yield FoundLine(None, f"{file.crlf_lines} lines end in a carriage return")


def unended(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """A last line without an end: harmless, but joining files would glue two rows."""
    if file.size_bytes and not file.ends_with_newline:
        yield FoundLine(file.lines, "the last line has no newline")


def packed(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Compressed, or in an encoding of two bytes."""
    kind = next((name for start, name in _PACKED.items() if file.start.startswith(start)), None)
    if kind:
        yield FoundLine(None, f"the file is {kind}")


def one_array(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """All rows in one JSON array."""
    if file.start.lstrip().startswith(b"["):
        yield FoundLine(None, "the file is one JSON array")


def table(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """A table of questions, which training rows are made from."""
    if not file.rows and not file.other_rows and _is_table(file):
        yield FoundLine(None, "the file is a table, not a training file")


def _is_table(file: ParsedFile) -> bool:
    return (file.path or "").lower().endswith(_TABLES)


def no_images(file: ParsedFile, _: ProviderLimits) -> Iterable[FoundLine]:
    """Rows of text alone teach nothing about images."""
    blind = sum(not row.images for row in file.rows)
    if blind and not all(row.is_preference for row in file.rows):
        yield FoundLine(None, f"{blind} of {len(file.rows)} rows show no image")


def _rule(code: str, severity: Severity, find: Any, remedy: str) -> FileRule:
    return FileRule(code=f"file.{code}", severity=severity, remedy=remedy, find=find)


FILE_RULES = (
    _rule("no-rows", "error", no_rows, "Write rows with write_jsonl."),
    _rule("too-few-rows", "error", too_few, "Add rows; fifty to a hundred is where an effect begins to show."),
    _rule("too-many-rows", "error", too_many, "Write several files: write_shards does."),
    _rule("too-many-image-rows", "error", too_many_with_images, "Train on fewer rows, or use builder.conversation."),
    _rule("too-large", "error", too_large, "Shrink the images: ImageEncoder(max_side=…), or plan_budget."),
    _rule("needs-parts", "warning", needs_parts, "Upload it in parts: FineTuneClient.upload does."),
    _rule("name", "warning", ending, "Rename it."),
    _rule("carriage-returns", "note", carriage_returns, "Write lines that end in a newline alone; fix_file does."),
    _rule("unended", "note", unended, "End it; fix_file does."),
    _rule("packed", "error", packed, "Unpack it, and save it as UTF-8."),
    _rule("one-array", "error", one_array, "Write one object a line."),
    _rule("table", "error", table, "Build a training file from it: load_file, MessageBuilder and write_jsonl do."),
    _rule("rows-without-image", "note", no_images, "Look whether that is meant."),
)
"""Rules about a file as a whole."""


def _find_flaw(kind: LineFlaw, message: str, row: CheckedRow, _: ProviderLimits) -> Iterable[Found]:
    return [Found("", f"{message}: {details}" if details else message) for flaw, details in row.flaws if flaw == kind]


def _line_rule(kind: LineFlaw, message: str, remedy: str, severity: Severity = "error") -> RowRule:
    return RowRule(
        code=f"line.{kind}", severity=severity, remedy=remedy, find=partial(_find_flaw, kind, message), by_shape=True
    )


LINE_RULES = (
    _line_rule(
        "byte-order-mark", "the file begins with a byte order mark", "Save it as UTF-8 without one; fix_file does."
    ),
    _line_rule("blank", "the line is blank", "Take it out; fix_file does.", "warning"),
    _line_rule("too-long", "the line is longer than can be read", "Shrink the images, or show fewer in a row."),
    _line_rule("not-utf8", "the line is not UTF-8", "Save the file as UTF-8."),
    _line_rule("not-json", "the line is not JSON", "Write every row as one line of JSON."),
    _line_rule(
        "not-an-object", "the line is JSON, but no object", "Write one {…} a line, without brackets around all rows."
    ),
    _line_rule(
        "duplicate-key", "a key stands twice in one object", "Keep one; readers disagree about which one counts."
    ),
    _line_rule("not-a-number", "NaN and Infinity are no JSON", "Leave the value out."),
    _line_rule("huge-number", "a number has thousands of digits", "Write it as text, or leave it out."),
    _line_rule("too-deep", "values are nested too deeply to be read", "Flatten the row."),
)
"""Rules about a line as JSON."""
