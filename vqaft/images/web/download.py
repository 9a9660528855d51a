"""Download within limits, from public addresses only: one deadline, one checked address for each connection."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from types import TracebackType
from typing import Any, Self, TypeAlias, TypeVar

import httpx

from vqaft.errors import ImageError

Result = TypeVar("Result")


class Deadline:
    """Breaks the connection when the time is over: a server may send a byte now and then, without end.

    Time limits of HTTP clients begin anew with every byte. Used as a context manager.

    Args:
        seconds: How long the whole download may take.
    """

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._break)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def left_s(self) -> float:
        """Return the seconds that are left.

        Raises:
            ImageError: If there are none.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise ImageError("takes too long to fetch")
        return left

    def within(self, work: Callable[[], Result]) -> Result:
        """Return the result of work that cannot be limited itself, such as resolving a name.

        Raises:
            ImageError: If it takes longer than is left; the work then goes on in a thread that is left behind.
        """
        future: Future[Result] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                future.set_exception(error)

        threading.Thread(target=run, name="vqaft-resolve", daemon=True).start()
        try:
            return future.result(timeout=self.left_s())
        except TimeoutError:
            if future.done():
                raise
            raise ImageError("takes too long to fetch") from None

    @property
    def trace(self) -> Callable[[str, dict[str, Any]], None]:
        """What httpx calls, as its extension "trace", whenever a connection gets on."""
        return self._note

    def _note(self, event: str, info: dict[str, Any]) -> None:
        if event in {"connection.connect_tcp.complete", "connection.start_tls.complete"}:
            self._socket = info["return_value"].get_extra_info("socket")
            self.left_s()

    def _break(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, place: TracebackType | None
    ) -> None:
        self._timer.cancel()


Address: TypeAlias = IPv4Address | IPv6Address
Resolve: TypeAlias = Callable[[str, int], list[Address]]

Allow: TypeAlias = Callable[[Address], bool]

_PORTS = {"http": 80, "https": 443}


def resolve(host: str, port: int) -> list[Address]:
    """Ask the system for the addresses of a host.

    Args:
        host: A name, or an address in any spelling that the system understands.
        port: The port.

    Raises:
        ImageError: If there are none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ImageError(f"has a host without an address ({error})") from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def checked_address(url: httpx.URL, *, resolve: Resolve, allow: Allow) -> Address:
    """Check where a URL leads, and return the address to connect to.

    The name is resolved once and the connection goes to the address that was checked, so a name that leads elsewhere a
    moment later (DNS rebinding) changes nothing.

    Args:
        url: The URL.
        resolve: Host and port → addresses.
        allow: Whether an address may be reached.

    Returns:
        The first address of the host.

    Raises:
        ImageError: If the URL is not plain http(s), or any address of its host may not be reached.
    """
    if url.scheme not in _PORTS or not url.host:
        raise ImageError("is no http or https address")
    if url.userinfo:
        raise ImageError("holds a user name or a password")
    addresses = resolve(url.host, url.port or _PORTS[url.scheme])
    if not addresses or not all(map(allow, addresses)):
        raise ImageError("leads to an address that is not public")
    return addresses[0]


_OK = 200


@dataclass(frozen=True, kw_only=True)
class DownloadLimits:
    """What a download may take.

    Attributes:
        max_bytes: The most bytes.
        timeout_s: The most seconds, redirects included.
        max_redirects: How many redirects are followed.
    """

    max_bytes: int
    timeout_s: float
    max_redirects: int


def download(
    url: str, limits: DownloadLimits, *, resolve: Resolve, allow: Allow, verify: ssl.SSLContext | bool = True
) -> bytes:
    """Download what stands behind a URL.

    Every redirect is checked as the first address is. Nothing of the environment (proxies, .netrc) is used, no cookie
    and no credential is sent, and what the server says of type and length is not believed.

    Args:
        url: An http or https URL.
        limits: What it may take.
        resolve: Host and port → addresses.
        allow: Whether an address may be reached.
        verify: Whose certificates are believed.

    Raises:
        ImageError: If it leads to an address that may not be reached, answers with anything but 200, or takes too long
            or too much.
    """
    try:
        with (
            Deadline(limits.timeout_s) as deadline,
            GuardedTransport(deadline, resolve=resolve, allow=allow, verify=verify) as transport,
            httpx.Client(
                transport=transport, trust_env=False, follow_redirects=True, max_redirects=limits.max_redirects
            ) as client,
            client.stream("GET", url) as response,
        ):
            return _body(response, limits, deadline)
    except httpx.TooManyRedirects as error:
        raise ImageError(f"redirects more than {limits.max_redirects} times") from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ImageError(f"cannot be fetched ({str(error) or type(error).__name__})") from error


class GuardedTransport(httpx.BaseTransport):
    """Transport for `httpx.Client` that checks every request, the one after a redirect too, and sends little of it.

    It connects to the address that was checked, with the name where TLS and the server look for it, and sends three
    headers of its own: no cookie, no credential. The body of a redirect is not read.

    Args:
        deadline: When everything has to be over.
        resolve: Host and port → addresses.
        allow: Whether an address may be reached.
        verify: Whose certificates are believed.
    """

    def __init__(
        self, deadline: Deadline, *, resolve: Resolve, allow: Allow, verify: ssl.SSLContext | bool = True
    ) -> None:
        self._deadline, self._resolve, self._allow = deadline, resolve, allow
        one_each = httpx.Limits(max_keepalive_connections=0)  # TLS proved a connection for one name alone
        self._inner = httpx.HTTPTransport(verify=verify, trust_env=False, limits=one_each)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            ImageError: If it leads to an address that may not be reached, or the time is over.
        """
        url = request.url
        address = self._deadline.within(lambda: checked_address(url, resolve=self._resolve, allow=self._allow))
        sent = httpx.Request(
            "GET",
            url.copy_with(host=str(address), fragment=None),
            headers={"Host": url.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"},
            extensions={
                "sni_hostname": url.host,
                "trace": self._deadline.trace,
                "timeout": httpx.Timeout(self._deadline.left_s()).as_dict(),
            },
        )
        response = self._inner.handle_request(sent)
        if not response.has_redirect_location:
            return response
        response.close()
        return httpx.Response(response.status_code, headers={"Location": response.headers["Location"]})

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _body(response: httpx.Response, limits: DownloadLimits, deadline: Deadline) -> bytes:
    if response.status_code != _OK:
        raise ImageError(f"is answered with status {response.status_code}")
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise ImageError("is sent compressed, which was not asked for")
    data = b"".join(_pieces(response, limits, deadline))
    deadline.left_s()  # a connection that was broken off looks like the end of a body without a length
    return data


def _pieces(response: httpx.Response, limits: DownloadLimits, deadline: Deadline) -> Iterator[bytes]:
    taken = 0
    for piece in response.iter_raw():
        deadline.left_s()
        taken += len(piece)
        if taken > limits.max_bytes:
            raise ImageError(f"is larger than {limits.max_bytes} bytes")
        yield piece
