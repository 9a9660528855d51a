"""Scripts and styles of the pages: files of the package, by name, with an ETag."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Assets:
    """The files of the folder `static`, read once."""

    def __init__(self) -> None:
        contents = {path.name: path.read_bytes() for path in sorted(STATIC.iterdir()) if path.suffix in TYPES}
        self._files = {
            name: (content, f'"{hashlib.sha256(content).hexdigest()[:32]}"', TYPES[Path(name).suffix])
            for name, content in contents.items()
        }

    def answer(self, request: Request) -> Response:
        """Return a file, or 304 where the browser has it."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            raise HTTPException(404, "There is no such file.")
        content, tag, kind = found
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers={"etag": tag})
        return Response(content, media_type=kind, headers={"etag": tag})
