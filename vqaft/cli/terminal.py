"""Output of the command line: text escaped for the terminal, and every failure a message with exit code 2."""

from __future__ import annotations

import io
import os
import re
import sys
import warnings
from collections.abc import Callable

import typer

from vqaft.errors import VqaftError
from vqaft.escape import visible

FAILED = 2
INTERRUPTED = 130
_UNEXPECTED = "This is a fault in vqaft, or a file that it does not expect; VQAFT_TRACEBACK=1 shows where."
_NOT_ASCII = re.compile(r"[^\x20-\x7e\n]")


def say(value: object, *, err: bool = False) -> None:
    """Print a value as text; what is not printable in it is escaped.

    Args:
        value: What to print.
        err: Whether to print to standard error.
    """
    typer.echo(visible(str(value), keep="\n\t"), err=err)


def say_json(text: str) -> None:
    r"""Print JSON; what is not ASCII in it is written as `\uXXXX`, which is the same JSON."""
    typer.echo(_NOT_ASCII.sub(lambda found: _json_escape(found[0]), text))


def _json_escape(sign: str) -> str:
    units = sign.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[place] << 8 | units[place + 1]:04x}" for place in range(0, len(units), 2))


def run(command: Callable[[], object], *, reword: Callable[[str], str] = str) -> None:
    """Run a command; an error becomes one line on standard error.

    Args:
        command: What to run.
        reword: Puts the remedies of an error into the words of the command line.

    Raises:
        SystemExit: With 2 for an error of any kind, 130 for Ctrl-C. With VQAFT_TRACEBACK=1 in the environment, an
            error that vqaft does not raise on purpose is not caught.
    """
    _prepare_streams()
    try:
        command()
    except BrokenPipeError:  # whoever read the output has gone: nothing more can be said
        os._exit(FAILED)
    except KeyboardInterrupt:
        _say_error("interrupted")
        raise SystemExit(INTERRUPTED) from None
    except Exception as error:
        text = _cause(error)
        if text is None and os.environ.get("VQAFT_TRACEBACK"):
            raise
        _say_error(reword(text) if text else f"{type(error).__name__}: {error}. {_UNEXPECTED}")
        raise SystemExit(FAILED) from None


def _prepare_streams() -> None:
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.showwarning = _show_warning


def _cause(error: Exception) -> str | None:
    """Return what went wrong, or None for an unexpected error."""
    if isinstance(error, VqaftError):
        return str(error)
    if isinstance(error, OSError):
        place = "" if error.filename is None else f"{error.filename}: "
        return f"{place}{error.strerror or error}"
    return "there is not enough memory for this" if isinstance(error, MemoryError) else None


def _say_error(text: str) -> None:
    lines = "\n  ".join(line.strip() for line in text.splitlines())  # indented: no line can pass for another message
    typer.echo(f"vqaft: {visible(lines, keep=chr(10), limit=4_000)}", err=True)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    typer.echo(f"vqaft: warning: {visible(str(message))}", err=True)
