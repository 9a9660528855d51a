"""Command line interface."""

from vqaft.cli.app import main

__all__ = [
    "main",
]
