"""`python killable_server.py FOLDER`: a server in a process of its own, with the engines of these tests."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.server.odd_engines import Sleeping
from vqaft.engines import Engine
from vqaft.server import HTTPServer, State, create_app, listen
from vqaft.testing import QuickEngine, ThreadServer

if __name__ == "__main__":
    engines: dict[str, Engine] = {"slow": QuickEngine(epoch_s=0.2), "sleeping": Sleeping()}
    app = create_app(State(Path(sys.argv[1])), api_key=ThreadServer.api_key, engines=engines, judges={})
    listener = listen("127.0.0.1", 0)
    print(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", flush=True)  # noqa: T201
    HTTPServer(app, log_level="critical").run(sockets=[listener])
