"""Models: list, describe, delete; and the cache of base models, judges and tuned models, the latest in memory.

A bound on the pixels that are decoded concurrently bounds memory, whatever images the requests bring.
"""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from datetime import date
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from vqaft.engines import ChatModel, DescribedEngine, Engine
from vqaft.errors import StateError
from vqaft.server.http.errors import ApiError
from vqaft.server.http.requests import resource
from vqaft.server.store.documents import ALL, Document, public
from vqaft.server.store.state import State

PIXELS_AT_ONCE = 40_000_000
"""About 300 MB, decoded and copied once."""


class PixelBudget:
    """A bound on the pixels that are decoded concurrently. Thread-safe.

    Args:
        pixels: The bound; a request that exceeds it alone is served alone.
    """

    def __init__(self, pixels: int = PIXELS_AT_ONCE) -> None:
        self._most = pixels
        self._used = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def reserved(self, pixels: int) -> Iterator[None]:
        """Wait until this many pixels may be decoded, and reserve them for the block; none need no waiting."""
        with self._changed:
            self._changed.wait_for(lambda: not pixels or not self._used or self._used + pixels <= self._most)
            self._used += pixels
        try:
            yield
        finally:
            with self._changed:
                self._used -= pixels
                self._changed.notify_all()


KEPT = 8
"""Models in memory."""


class ModelCache:
    """Finds models by name; keeps the most recently used ones in memory. Thread-safe.

    Args:
        state: The server's state, which knows the tuned models.
        engines: The engines, by the name of the base model.
        judges: Models that answer and cannot be trained, by name.
        shutdown_dates: When a model will be shut down, by name, where that is known.
    """

    def __init__(
        self,
        state: State,
        *,
        engines: Mapping[str, Engine],
        judges: Mapping[str, ChatModel],
        shutdown_dates: Mapping[str, date] | None = None,
    ) -> None:
        self.engines = dict(engines)
        self._state = state
        self._judges = dict(judges)
        self._shutdown_dates = dict(shutdown_dates or {})
        self._loaded: OrderedDict[tuple[str, str | None], Future[ChatModel]] = OrderedDict()
        self._lock = threading.Lock()
        self.pixels = PixelBudget()
        self._started = state.now()

    def model(self, name: str) -> ChatModel:
        """Return a model, loaded if it is not in memory; a model that loads slowly does not delay the others.

        Raises:
            ApiError: 404 if there is no such model, 503 if it cannot be loaded.
        """
        if name in self._judges:
            return self._judges[name]
        with self._lock:
            document = self._state.documents.get("model", name)
            if document is None and name not in self.engines:
                raise _unknown(name)
            # A job that is started again makes other models of the same names.
            key = name, None if document is None else str(document["_version"])
            found = self._loaded.get(key)
            mine: Future[ChatModel] = found or self._loaded.setdefault(key, Future())
            self._loaded.move_to_end(key)
            while len(self._loaded) > KEPT:
                self._loaded.popitem(last=False)
        if found is None:
            self._load_into(mine, key, document)
        return mine.result()

    def _load_into(self, future: Future[ChatModel], key: tuple[str, str | None], document: Document | None) -> None:
        try:
            future.set_result(self._load(key[0], document))
        except BaseException as error:  # noqa: BLE001 - those who wait for it must hear of it
            with self._lock:
                self._loaded.pop(key, None)
            reason = error if not isinstance(error, StateError) else _unusable(key[0], error)
            future.set_exception(reason)

    def describe(self, name: str) -> Document:
        """Return a model's description, as the API shows it.

        Raises:
            ApiError: 404 if there is no such model.
        """
        tuned = self._state.documents.get("model", name)
        if tuned is None and name not in {*self.engines, *self._judges}:
            raise _unknown(name)
        return public(tuned) if tuned else self._own(name)

    def all(self) -> list[Document]:
        """Return the descriptions of base models, judges and tuned models, of these the newest first."""
        tuned = self._state.documents.page("model", limit=ALL).documents
        return [self._own(name) for name in (*self.engines, *self._judges)] + [public(model) for model in tuned]

    def delete(self, name: str) -> None:
        """Delete a tuned model.

        Raises:
            ApiError: 404 if there is no such model, 403 if it is not a tuned one.
        """
        if name in {*self.engines, *self._judges}:
            raise ApiError(403, f"The model {name!r} is the server's own.", param="model")
        with self._lock:
            if not self._state.delete_model(name):
                raise _unknown(name)

    def _load(self, name: str, document: Document | None) -> ChatModel:
        if document is None:
            return self.engines[name].load(None)
        engine = self.engines.get(document["_engine"])
        if engine is None:
            raise StateError(f"this server does not serve its base model {document['_engine']!r}")
        return engine.load(self._state.folder / "models" / document["_folder"])

    def _own(self, name: str) -> dict[str, Any]:
        described = {"id": name, "object": "model", "created": self._started, "owned_by": "vqaft"}
        engine = self.engines.get(name)
        if isinstance(engine, DescribedEngine):
            described["metadata"] = dict(engine.describe())
        end = self._shutdown_dates.get(name)
        return described if end is None else {**described, "shutdown_date": end.isoformat()}


def _unusable(name: str, error: StateError) -> ApiError:
    message = f"The model {name!r} cannot be loaded: {error.message}."
    return ApiError(503, message, param="model", code="model_unavailable")


def _unknown(name: str) -> ApiError:
    message = f"The model {name!r} does not exist or you do not have access to it."
    return ApiError(404, message, param="model", code="model_not_found")


def model_routes(models: ModelCache) -> list[Route]:
    """Return the routes.

    Args:
        models: The models.
    """

    def listing(_: Request) -> Response:
        return JSONResponse({"object": "list", "data": models.all()})

    def retrieve(request: Request) -> Response:
        return JSONResponse(models.describe(request.path_params["model"]))

    def delete(request: Request) -> Response:
        name = request.path_params["model"]
        models.delete(name)
        return JSONResponse({"id": name, "object": "model", "deleted": True})

    return [
        resource("/models", get=listing),
        resource("/models/{model:path}", get=retrieve, delete=delete),
    ]
