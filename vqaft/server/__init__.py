"""OpenAI-compatible server for the user's own machine.

Names are loaded on first use, so that a missing extra `local` is reported by its name.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "HTTPServer",
    "LocalServer",
    "State",
    "create_app",
    "listen",
    "model_folder",
    "open_engines",
    "parse_models",
    "require_extra",
    "serve",
    "stored_key",
]
