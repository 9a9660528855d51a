"""OpenAI-compatible server for the user's own machine.

Names are loaded on first use, so that a missing extra `local` is reported by its name.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "ApiError",
    "HTTPServer",
    "JobView",
    "LocalServer",
    "Served",
    "State",
    "admit",
    "bounded_body",
    "create_app",
    "find_job",
    "host_name",
    "job_checkpoints",
    "job_events",
    "job_steps",
    "list_jobs",
    "listen",
    "model_folder",
    "open_engines",
    "parse_models",
    "require_extra",
    "serve",
    "stored_key",
]
