"""The OpenAI-compatible server at home."""

from vqaft.server.local import LocalServer

__all__ = ["LocalServer"]
