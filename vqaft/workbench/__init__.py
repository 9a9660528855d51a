"""Workbench: pages in the browser for what the local server holds, at the server's own address.

Names are loaded on first use, so that a missing extra `workbench` is reported by its name.
"""

import lazy_loader

__getattr__, __dir__, _ = lazy_loader.attach_stub(__name__, __file__)

__all__ = [
    "Workbench",
    "current_folder",
    "here",
    "login_url",
]
