"""Output of the command line: text escaped for the terminal, every failure one message, remedies in its own words."""

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


_WORDS = (
    (r"MessageBuilder does; fix_file does with parts=True", "vqaft build does"),
    (r'Columns\(unanswered="(\w+)"\)', r"--unanswered \1"),
    (r"columns=Columns\(\.\.\.\)", "--image-column, --question-column, --answer-column"),
    (
        r"put the system prompt into the builder's question_template",
        'put the system prompt into --question-template, and leave it out by --system ""',
    ),
    (r"the builder's question_template", "--question-template"),
    (r'set ImageEncoder\(format="?(jpeg|…)"?\)', "use --image-format jpeg"),
    (r"write_shards does", "vqaft build --shards does"),
    (r"fix_file does", "vqaft check --fix NEW_FILE does"),
    (r"check_file lists all", "vqaft check lists all"),
    (r"DatasetSplitter does", "vqaft split does"),
    (r'on_error="skip"', "--on-error skip"),
    (r"training rows come from builder\.record", "vqaft build writes training rows"),
    (r"Name the encoding: .*?encoding=\"\w+\"\.", "Save it as UTF-8."),
    (r"load_file, MessageBuilder and write_jsonl do", "vqaft build does"),
    (r"question='…' asks", "--question TEXT asks"),
    (r"Name one with table=…: ", "Name one of them instead of the folder: "),
    (r"Evaluator\.evaluate scores them", "vqaft evaluate scores them"),
    (r", or compare contents only with near_duplicates=None", ""),
    (r"write_jsonl\(path, MessageBuilder\(\)\.records\(load_file\(table\)\)\)", "vqaft build TABLE"),
    (r"MessageBuilder puts it inside", "vqaft build puts it inside"),
    (r"with the same MessageBuilder", "with the same options of vqaft build"),
    (r"Encode it with ImageEncoder\(max_side=…\)", "Build with --max-side"),
    (r"Encode it with ImageEncoder", "Build the file anew with vqaft build"),
    (r"ImageEncoder\(max_side=…\), or plan_budget", "vqaft build --max-side does"),
    (r"Shrink it by ImageEncoder\(vision=vision_of\(model, detail=…\)\)", "Shrink it: vqaft build --max-side does"),
    (r"ImageEncoder does", "vqaft build does"),
    (r"Write rows with write_jsonl", "Write rows with vqaft build"),
    (r", or use builder\.conversation", ""),
    (r"FineTuneClient\.upload does", "vqaft train does"),
    (r"without_images_of\(examples, few_shot\), or pass few_shot_may_repeat=True", "another --few-shot table"),
)
_COMPILED = tuple((re.compile(pattern), words) for pattern, words in _WORDS)


def in_command_words(text: str) -> str:
    """Replace advice to Python users by the same advice to users of the command line.

    Args:
        text: An error's message, or a report's text.
    """
    for pattern, words in _COMPILED:
        text = pattern.sub(words, text)
    return text
