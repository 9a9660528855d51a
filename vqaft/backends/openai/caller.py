"""Requests through the caller's own `openai` client, which keeps its address, key, proxies and time limits."""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit, urlunsplit

from vqaft.backends.errors import error_for_status
from vqaft.backends.http import Answer, Call, decoded
from vqaft.errors import AuthenticationError, ServiceError, ServiceUnreachableError

if TYPE_CHECKING:
    from openai import OpenAI


class OpenAICaller:
    """Makes single requests through an `openai.OpenAI` or `openai.AzureOpenAI` client, of openai 2.x or 3.x.

    The client's own retries are off for these requests: left alone, it makes three jobs of one whose answer is lost.
    Redirects are not followed where something is sent, so that no image goes to an address that nobody named.

    Args:
        client: The caller's client.
    """

    def __init__(self, client: OpenAI) -> None:
        import openai

        # The methods that take any path and give the bytes as they are have no precise types.
        self._client: Any = client
        self._openai = openai
        self._is_azure = isinstance(client, openai.AzureOpenAI)
        # Early versions of openai 2 take a body that is encoded already as `body`, later ones as `content`.
        self._content_keyword = "content" if "content" in inspect.signature(client.post).parameters else "body"

    @property
    def account(self) -> str:
        """The base URL without a user in it, and a fingerprint of the key, organisation and project."""
        parts = urlsplit(str(self._client.base_url))
        host = parts.netloc.rpartition("@")[2]
        address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
        owner = f"{self._client.organization}/{self._client.project}/{self._client.api_key}"
        return f"{address}#{hashlib.sha256(owner.encode()).hexdigest()[:12]}"

    def send(self, call: Call) -> Answer:
        """Make one request; see `Caller.send`."""
        try:
            reply = self._request(call)
        except self._openai.APIStatusError as error:
            raise self._refused(error) from None
        except self._openai.APIConnectionError as error:
            raise self._unreachable(error) from None
        except (self._openai.OpenAIError, UnicodeError) as error:
            # The text of such an error may hold the key: its name must do.
            raise AuthenticationError(f"the client could not send the request ({type(error).__name__})") from None
        headers = {name.lower(): value for name, value in reply.response.headers.items()}
        return Answer(content=reply.content, headers=headers)

    def _request(self, call: Call) -> Any:
        kind = self._openai.HttpxBinaryResponseContent
        options: dict[str, Any] = {"max_retries": 0}
        if call.method == "GET":
            return self._client.get(call.path, cast_to=kind, options=options)
        options["follow_redirects"] = False
        if call.method == "DELETE":
            return self._client.delete(call.path, cast_to=kind, options=options)
        body: dict[str, Any] = {"body": call.json}
        if call.content is not None:
            body = {self._content_keyword: call.content}
            options["headers"] = {"Content-Type": "application/json"}
        elif call.file is not None:
            name, content = call.file
            body = {"body": dict(call.fields), "files": [(call.file_field, (name, content, "application/jsonl"))]}
            options["headers"] = {"Content-Type": "multipart/form-data"}
        return self._client.post(self._path(call), cast_to=kind, options=options, **body)

    def _path(self, call: Call) -> str:
        """Name the deployment in the path where Azure wants it; its client does so only for bodies that it encodes."""
        if not self._is_azure or call.content is None or "/deployments" in str(self._client.base_url):
            return call.path
        model = (decoded(call.content or b"") or {}).get("model", "")
        return f"/deployments/{quote(str(model), safe='')}{call.path}"

    def _refused(self, error: Any) -> ServiceError:
        headers = {name.lower(): value for name, value in error.response.headers.items()}
        refused = error_for_status(error.status_code, body=decoded(error.response.content), headers=headers)
        return self._without_key(refused)

    def _unreachable(self, error: Exception) -> ServiceError:
        cause = error.__cause__ or error
        name = type(cause).__name__
        if name in {"LocalProtocolError", "UnicodeEncodeError"}:
            hint = "Check the API key for stray characters."
            return AuthenticationError(f"the request could not be built ({name})", hint=hint)
        address = self.account.partition("#")[0]
        message = f"no answer from {address} ({name}{f': {cause}' if str(cause) else ''})"
        return self._without_key(ServiceUnreachableError(message))

    def _without_key(self, error: ServiceError) -> ServiceError:
        key = self._client.api_key
        if key and key in error.message:
            error.message = error.message.replace(key, "<key>")
            error.args = (error.message,)
        return error
