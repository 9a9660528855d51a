"""Commands around the local server: serve, workbench, export-model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vqaft.cli.terminal import say
from vqaft.errors import AuthenticationError, MissingExtraError, ServiceUnreachableError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from vqaft.server import Served
    from vqaft.workbench import Workbench

Folder = Annotated[Path, typer.Option(help="Where the server keeps files, jobs and models.")]


def serve(
    *,
    folder: Folder = Path(".vqaft/server"),
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 8000,
    model: Annotated[
        list[str] | None, typer.Option(help="Open-weight model to train and serve, as name=folder; repeatable.")
    ] = None,
    gpus: Annotated[int | None, typer.Option(help="GPUs to train with; all by default, 0 for the CPU.")] = None,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Take name=organization/model@commit from the Hugging Face Hub.")
    ] = False,
    project: Annotated[
        Path | None,
        typer.Option(help="Folder whose training files, evaluations and reports the workbench shows; the current one."),
    ] = None,
) -> None:
    """Run vqaft's OpenAI-compatible server and its workbench; its key is VQAFT_API_KEY, or kept in the folder.

    The workbench are pages at the server's address: jobs, files, models. The link that is printed signs a browser in.
    """
    from vqaft.server import require_extra, stored_key

    require_extra()
    from vqaft.server import open_engines, parse_models
    from vqaft.server import serve as run_server

    given = os.environ.get("VQAFT_API_KEY")
    from vqaft.workbench import current_folder

    pages = _Pages(project or current_folder())

    def announce(base_url: str) -> None:
        typer.echo(f"export OPENAI_BASE_URL={base_url}")
        typer.echo("export OPENAI_API_KEY=" + ('"$VQAFT_API_KEY"' if given else stored_key(folder)))
        typer.echo(f"# {pages.invitation(base_url)}")
        sys.stdout.flush()

    models = parse_models(model or ())
    engines = open_engines(models, cache=folder / "transformers", gpus=gpus, allow_download=allow_download)
    key = given or stored_key(folder)
    run_server(folder, api_key=key, host=host, port=port, on_ready=announce, engines=engines, wrap=pages)


class _Pages:
    """The workbench around a server, where its extra is installed."""

    def __init__(self, project: Path | None) -> None:
        self._project = project
        self._workbench: Workbench | None = None
        self._missing = ""

    def __call__(self, served: Served) -> ASGIApp:
        from vqaft.workbench import Workbench

        try:
            self._workbench = Workbench(served, project=self._project)
        except MissingExtraError as error:  # the API needs no pages
            self._missing = str(error)
            return served.app
        return self._workbench

    def invitation(self, base_url: str) -> str:
        """Return the line that says how to open the workbench, or why there is none."""
        if self._workbench is None:
            return f"No workbench: {self._missing}"
        return f"Workbench: {self._workbench.login_url(base_url)}  (works once, within 5 minutes)"


def workbench(
    *,
    folder: Folder = Path(".vqaft/server"),
    url: Annotated[str, typer.Option(help="The address of the running server.")] = "http://127.0.0.1:8000",
) -> None:
    """Print a link that signs a browser in to the workbench of a running server; it works once, for five minutes."""
    from vqaft.server import require_extra, stored_key

    require_extra()
    from vqaft.workbench import login_url

    try:
        typer.echo(login_url(url, os.environ.get("VQAFT_API_KEY") or stored_key(folder)))
    except AuthenticationError as error:
        hint = "Name the server's folder by --folder, or its key by VQAFT_API_KEY."
        raise AuthenticationError(error.message, hint=hint) from error
    except ServiceUnreachableError as error:
        hint = "Start it by `vqaft serve`, or name its address by --url."
        raise ServiceUnreachableError(error.message, hint=hint) from error


def export_model(
    model: Annotated[str, typer.Argument(help="Name of a tuned model in the server's folder, or a model's folder.")],
    out: Annotated[Path, typer.Argument(help="The folder to write.")],
    *,
    folder: Folder = Path(".vqaft/server"),
    merged: Annotated[bool, typer.Option("--merged", help="Write base and adapter as one whole model.")] = False,
) -> None:
    """Write a tuned open-weight model for vLLM, SGLang, llama.cpp and the like."""
    from vqaft.engines import export_model as export
    from vqaft.server import require_extra

    require_extra()
    from vqaft.server import model_folder

    source = Path(model) if Path(model).is_dir() else model_folder(folder, model)
    say(export(source, out, merged=merged))
