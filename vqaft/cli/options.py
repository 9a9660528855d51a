"""Groups of options that several commands share, each a frozen dataclass, and their expansion into a command.

Typer reads a command's options from its signature. A parameter whose type is one of the groups below is replaced by
the group's fields, so that a command names what it needs in one word and all commands spell an option alike. Services
are reached by the environment variables that the providers' own packages read.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import inspect
import json
import math
import time
import typing
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

import typer

from vqaft.backends import FireworksBackend, OpenAIBackend, TogetherBackend
from vqaft.chat import read_lines
from vqaft.cli.terminal import say
from vqaft.data import Columns, VQAExample, load_file, load_folder
from vqaft.errors import DataError, MissingExtraError, ServiceError, VqaftError, shown
from vqaft.evaluation import ExactMatch, LenientMatch, Scorer
from vqaft.filesystem import kind_of, location_of
from vqaft.images import ImageEncoder
from vqaft.providers import AZURE, FIREWORKS, OPENAI, TOGETHER, ProviderLimits
from vqaft.records import MessageBuilder
from vqaft.service import RetryPolicy
from vqaft.tuning import FineTuneClient

PROVIDERS = {"openai": OPENAI, "azure": AZURE, "together": TOGETHER, "fireworks": FIREWORKS}
SCORERS: dict[str, Scorer] = {"exact": ExactMatch(), "lenient": LenientMatch()}

Table = Annotated[
    str,
    typer.Argument(
        help="Examples: a table (CSV, JSONL, parquet) or chat JSONL, as a path or URL; or a folder by class."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Provider = Annotated[str, typer.Option(help=f"Whose limits and service: {', '.join(PROVIDERS)}.")]


@dataclass(frozen=True, kw_only=True)
class TableOptions:
    """Which columns of a table hold what, and how many rows to read."""

    image_column: Annotated[str, typer.Option(help="Column of the image path.")] = "image"
    question_column: Annotated[str, typer.Option(help="Column of the question.")] = "question"
    answer_column: Annotated[str, typer.Option(help="Column of the answer.")] = "answer"
    id_column: Annotated[str | None, typer.Option(help="Column of the row's id.")] = None
    type_column: Annotated[str | None, typer.Option(help="Column of the question's type.")] = None
    group_column: Annotated[str | None, typer.Option(help="Column of what must not be split, e.g. patient.")] = None
    images: Annotated[
        str | None, typer.Option(help="Folder or URL that image paths are relative to; the table's own if not given.")
    ] = None
    question: Annotated[
        str | None, typer.Option(help="Asked about every image of a folder whose sub-folders are the answers.")
    ] = None
    unanswered: Annotated[
        Literal["refuse", "skip", "keep"], typer.Option(help="What to do with a question without an answer.")
    ] = "refuse"
    on_error: Annotated[Literal["raise", "skip"], typer.Option(help="What to do with rows that cannot be used.")] = (
        "raise"
    )
    limit: Annotated[int | None, typer.Option(help="Use this many examples at most.", min=1)] = None

    def load(self, table: str, *, keep: str | None = None, prefix: str = "") -> Iterator[VQAExample]:
        """Read the examples of a table, a chat file, or a folder with a table or sub-folders named after classes.

        Args:
            table: The file or folder, or its URL.
            keep: A column to carry along as metadata.
            prefix: Goes before every id that the file does not give.

        Raises:
            DataError: If the file is missing or broken; with file and line.
        """
        columns = Columns(
            image=self.image_column,
            question=self.question_column,
            answer=self.answer_column,
            id=self.id_column,
            question_type=self.type_column,
            group=self.group_column,
            unanswered=self.unanswered,
            metadata=() if keep is None else (keep,),
        )
        plain = columns == Columns() or _names_its_own_fields(table)
        chosen = None if plain else columns
        if self.question is not None or kind_of(location_of(table)) == "folder":
            examples = load_folder(table, columns=chosen, question=self.question, prefix=prefix, on_error=self.on_error)
        else:
            examples = load_file(table, columns=chosen, images=self.images, prefix=prefix, on_error=self.on_error)
        return examples if self.limit is None else examples.take(self.limit)


def _names_its_own_fields(table: str) -> bool:
    """Return whether a file says itself what is what: saved examples and chat rows have no columns to name."""
    if not table.lower().endswith(".jsonl"):
        return False
    try:
        row = json.loads(next((line for _, line in read_lines(table)), b"{}"))
    except ValueError:
        return False
    return isinstance(row, dict) and ("messages" in row or {"id", "answers", "metadata"} <= row.keys())


@dataclass(frozen=True, kw_only=True)
class MessageOptions:
    """How an example becomes messages, the same for training rows and requests."""

    system: Annotated[str | None, typer.Option(help="System prompt.")] = None
    question_template: Annotated[str, typer.Option(help="Text of a question, with {question} in it.")] = "{question}"
    few_shot: Annotated[str | None, typer.Option(help="Table of examples that every conversation starts with.")] = None
    detail: Annotated[
        Literal["auto", "low", "high"] | None, typer.Option(help="How closely the model looks at images.")
    ] = None
    max_side: Annotated[int | None, typer.Option(help="Shrink images to this many pixels a side.", min=1)] = None
    quality: Annotated[int, typer.Option(help="Quality of re-encoded images.", min=1, max=100)] = 85
    image_format: Annotated[
        Literal["auto", "jpeg", "png", "webp"], typer.Option(help="Format of the images; auto keeps what is accepted.")
    ] = "auto"
    max_bytes: Annotated[int, typer.Option(help="The largest image file.", min=1)] = 10_000_000

    def builder(self, columns: TableOptions) -> MessageBuilder:
        """Return the builder that these options describe.

        Args:
            columns: Which columns of the few-shot table hold what.

        Raises:
            DataError: If the few-shot table is missing or broken.
        """
        shots = dataclasses.replace(columns, limit=None)
        return MessageBuilder(
            system=self.system or None,  # an empty one unsets the project's
            encoder=ImageEncoder(
                max_side=self.max_side, quality=self.quality, format=self.image_format, max_bytes=self.max_bytes
            ),
            few_shot=() if self.few_shot is None else tuple(shots.load(self.few_shot, prefix="few-shot-")),
            detail=self.detail,
            question_template=self.question_template,
        )


def limits_of(provider: str) -> ProviderLimits:
    """Return the limits of a provider by its name.

    Raises:
        typer.BadParameter: If there is no such provider.
    """
    if provider not in PROVIDERS:
        raise typer.BadParameter(f"{provider!r} is not one of {', '.join(PROVIDERS)}", param_hint="--provider")
    return PROVIDERS[provider]


def once(pairs: Iterable[tuple[str, Value]], *, hint: str) -> dict[str, Value]:
    """Return values by name.

    Raises:
        DataError: If a name is given twice: none of the two is dropped in silence.
    """
    found: dict[str, Value] = {}
    for name, value in pairs:
        if name in found:
            raise DataError(f"two are called {name!r}: {shown(found[name])} and {shown(value)}", hint=hint)
        found[name] = value
    return found


def scorers_of(names: Iterable[str]) -> dict[str, Scorer]:
    """Return scorers by name: `exact`, `lenient`, or `module:name` of one's own.

    Raises:
        DataError: If there is no such scorer, or two have the same name.
    """
    named = ((name.partition(":")[2] or name, SCORERS.get(name) or _own_scorer(name)) for name in names)
    return once(named, hint="Name a scorer once, and give your own names of their own.")


def _own_scorer(name: str) -> Scorer:
    module, _, attribute = name.partition(":")
    if not attribute:
        raise DataError(
            f"there is no scorer {name!r}",
            hint=f"Name one of {', '.join(SCORERS)}, or your own as module:name, e.g. my_scorers:first_word.",
        )
    try:
        found = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise DataError(f"the scorer {name!r} cannot be imported: {error}", hint="Run from its folder.") from error
    if isinstance(found, type):
        found = found()
    if not callable(found):
        raise DataError(f"the scorer {name!r} is not callable")
    return typing.cast("Scorer", found)


Command = TypeVar("Command", bound=Callable[..., None])
Value = TypeVar("Value")


def expand(command: Command) -> Command:
    """Replace each parameter whose type is an option group by the group's fields.

    Args:
        command: A command of the command line.

    Returns:
        A function that Typer reads the expanded signature from.
    """
    hints = typing.get_type_hints(command, include_extras=True)
    groups: dict[str, Any] = {name: kind for name, kind in hints.items() if dataclasses.is_dataclass(kind)}

    @functools.wraps(command)
    def run(**values: Any) -> None:
        made = {
            name: kind(**{field.name: values.pop(field.name) for field in dataclasses.fields(kind)})
            for name, kind in groups.items()
        }
        command(**values, **made)

    signature = inspect.signature(command)
    parameters = [
        _keyword(name, hints[name], p.default) for name, p in signature.parameters.items() if name not in groups
    ]
    for kind in groups.values():
        own = typing.get_type_hints(kind, include_extras=True)
        parameters += [_keyword(field.name, own[field.name], field.default) for field in dataclasses.fields(kind)]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters} | {"return": None}
    return typing.cast("Command", run)


def _keyword(name: str, kind: object, default: object) -> inspect.Parameter:
    if default is dataclasses.MISSING:
        default = inspect.Parameter.empty
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)


Backend = OpenAIBackend | TogetherBackend | FireworksBackend

_SERVICES: dict[str, tuple[str, str, str, Callable[[Any], Backend]]] = {
    "openai": ("openai", "OpenAI", "OpenAIError", OpenAIBackend),
    "azure": ("openai", "AzureOpenAI", "OpenAIError", OpenAIBackend),
    "together": ("together", "Together", "TogetherError", TogetherBackend),
    "fireworks": ("fireworks", "Fireworks", "FireworksError", FireworksBackend),
}
"""For each provider its package, the client there, the package's error, and our adapter."""

_NOTICE_EVERY_S = 10.0


@dataclass(frozen=True, kw_only=True)
class ServiceOptions:
    """Which service is asked."""

    provider: Provider = "openai"

    def backend(self) -> Backend:
        """Return the service, with the key and address of the environment.

        These are OPENAI_API_KEY and OPENAI_BASE_URL; AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT and
        OPENAI_API_VERSION; TOGETHER_API_KEY; FIREWORKS_API_KEY and FIREWORKS_ACCOUNT_ID.

        Raises:
            MissingExtraError: If the provider's package is not installed.
            VqaftError: If there is no key, or something else that the client needs is missing.
        """
        limits_of(self.provider)
        package, client, refusal, adapter = _SERVICES[self.provider]
        try:
            sdk = importlib.import_module(package)
        except ImportError as error:
            raise MissingExtraError(package, extra=self.provider) from error
        try:
            return adapter(getattr(sdk, client)())
        except (getattr(sdk, refusal), ValueError) as error:
            if isinstance(error, VqaftError):
                raise
            raise VqaftError(str(error)) from None

    def tuning(self) -> FineTuneClient:
        """Return a client for fine-tuning jobs, with its ledger in `.vqaft` below the working folder."""
        return FineTuneClient(self.backend(), retry=RetryPolicy(on_wait=WaitNotice()))


class WaitNotice:
    """Prints to standard error that a service does not answer, at most every ten seconds."""

    def __init__(self) -> None:
        self._said_at = -math.inf

    def __call__(self, error: ServiceError, wait_s: float) -> None:
        """Print a notice, unless one was printed in the last ten seconds.

        Args:
            error: What went wrong.
            wait_s: Seconds until the next attempt.
        """
        now = time.monotonic()
        if now - self._said_at >= _NOTICE_EVERY_S:
            self._said_at = now
            say(f"waiting for the service, next attempt in {max(1, round(wait_s))} s: {error.message}", err=True)
