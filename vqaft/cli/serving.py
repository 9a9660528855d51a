"""Commands around the local server: serve, export-model."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from vqaft.cli.terminal import say

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
) -> None:
    """Run vqaft's OpenAI-compatible server; its key is VQAFT_API_KEY, or kept in the folder and shown."""
    from vqaft.server import require_extra, stored_key

    require_extra()
    from vqaft.server import open_engines, parse_models
    from vqaft.server import serve as run_server

    given = os.environ.get("VQAFT_API_KEY")

    def announce(base_url: str) -> None:
        typer.echo(f"export OPENAI_BASE_URL={base_url}")
        typer.echo("export OPENAI_API_KEY=" + ('"$VQAFT_API_KEY"' if given else stored_key(folder)))
        sys.stdout.flush()

    models = parse_models(model or ())
    engines = open_engines(models, cache=folder / "transformers", gpus=gpus, allow_download=allow_download)
    key = given or stored_key(folder)
    run_server(folder, api_key=key, host=host, port=port, on_ready=announce, engines=engines)


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
