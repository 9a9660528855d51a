"""Chat completions of the server."""

from vqaft.server.chat.routes import chat_routes

__all__ = [
    "chat_routes",
]
