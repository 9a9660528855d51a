"""The command line: each command is a few lines over the objects of the library.

Services are reached as the `openai` package does it: by OPENAI_API_KEY, and OPENAI_BASE_URL where it is not OpenAI's.
Settings of a project may stand in `vqaft.toml`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vqaft.cli.datasets import audit, build, check, cost, split
from vqaft.cli.exporting import export
from vqaft.cli.options import expand
from vqaft.cli.project import FILE, init, load_settings
from vqaft.cli.serving import export_model, serve, workbench
from vqaft.cli.terminal import in_command_words, run
from vqaft.cli.training import jobs, train, watch
from vqaft.cli.verdict import compare_files, evaluate, predict, report
from vqaft.version import __version__

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
_COMMANDS = (
    init,
    split,
    audit,
    build,
    check,
    cost,
    export,
    serve,
    workbench,
    train,
    watch,
    jobs,
    export_model,
    predict,
    evaluate,
    report,
)
for _command in _COMMANDS:
    app.command()(expand(_command))
app.command(name="compare")(expand(compare_files))


def _print_version(wanted: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if wanted:
        typer.echo(f"vqaft {__version__}")
        raise typer.Exit


@app.callback()
def start(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback prints it
        bool, typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version)
    ] = False,
    config: Annotated[Path | None, typer.Option(help=f"Settings file of the project; {FILE} by default.")] = None,
) -> None:
    """Teach a vision model to answer questions about your own images, and find out whether it helped.

    Services are reached as the `openai` package does it: by OPENAI_API_KEY, and OPENAI_BASE_URL where it is not
    OpenAI's. Options may stand in the project's `vqaft.toml`.
    """
    commands: dict[str, Any] = getattr(context.command, "commands", {})
    options = {name: {each.name for each in command.params} for name, command in commands.items()}
    context.default_map = load_settings(config or Path(FILE), options=options, must_exist=config is not None)


def main() -> None:
    """Run the command line; an error is reported in one line, and the exit code is 2."""
    run(app, reword=in_command_words)
