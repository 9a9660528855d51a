"""A stand-in for vLLM's server: its request and answer shapes, and its two LoRA routes, one mode of which lies.

Shapes after vLLM's own protocol (`entrypoints/openai`); `ignores_adapter` answers as the base model under an adapter's
name, as vLLM does for adapters whose module names it does not find.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Answer = Callable[[str], str]


class VLLMStandIn:
    """Serves a base model and the adapters that are loaded into it, on a loopback port."""

    def __init__(
        self, base: str, answers: Answer, adapters: dict[str, Answer], *, ignores_adapter: bool = False
    ) -> None:
        self.base, self.answers, self.adapters = base, answers, adapters
        self.ignores_adapter = ignores_adapter
        self.loaded: set[str] = set()
        self.asked: list[dict[str, Any]] = []
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                status, content = stand_in.respond(self.path, body)
                payload = content.encode() if isinstance(content, str) else json.dumps(content).encode()
                self.send_response(status)
                self.send_header("content-type", "text/plain" if isinstance(content, str) else "application/json")
                self.send_header("content-length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def respond(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        if path == "/v1/load_lora_adapter":
            if body["lora_name"] in self.loaded:
                return 400, _error(
                    f"The lora adapter '{body['lora_name']}' has already been loaded.", "InvalidUserInput", 400
                )
            if body["lora_name"] not in self.adapters:
                return 404, _error(f"Loading lora {body['lora_name']} failed", "NotFoundError", 404)
            self.loaded.add(body["lora_name"])
            return 200, f"Success: LoRA adapter '{body['lora_name']}' added successfully."
        return self._completion(body)

    def _completion(self, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append(body)
        name = body["model"]
        if name != self.base and name not in self.loaded:
            return 404, _error(f"The model `{name}` does not exist.", "NotFoundError", 404)
        answers = self.answers if name == self.base or self.ignores_adapter else self.adapters[name]
        content = body["messages"][-1]["content"]
        text = content if isinstance(content, str) else next(part["text"] for part in content if part["type"] == "text")
        message: dict[str, Any] = {
            "role": "assistant",
            "content": answers(text),
            "refusal": None,
            "annotations": None,
            "audio": None,
        }
        message |= {"function_call": None, "tool_calls": [], "reasoning": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", "stop_reason": None}
        usage = {"prompt_tokens": 20, "total_tokens": 22, "completion_tokens": 2, "prompt_tokens_details": None}
        return 200, {
            "id": "chatcmpl-0",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": name,
            "choices": [{**choice, "token_ids": None}],
            "service_tier": None,
            "system_fingerprint": None,
            "usage": usage,
            "prompt_logprobs": None,
            "kv_transfer_params": None,
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _error(message: str, kind: str, code: int) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
