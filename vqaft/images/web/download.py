"""Download within limits, from public addresses only."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from vqaft.errors import ImageError
from vqaft.images.web.deadline import Deadline
from vqaft.images.web.target import Allow, Resolve, checked_address

_REDIRECTS = {301, 302, 303, 307, 308}
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
        place = httpx.URL(url)
        with Deadline(limits.timeout_s) as deadline, httpx.Client(trust_env=False, verify=verify) as client:
            for _ in range(limits.max_redirects + 1):
                request = _request(client, place, deadline, resolve=resolve, allow=allow)
                response = client.send(request, stream=True)
                try:
                    if response.status_code not in _REDIRECTS:
                        return _body(response, limits, deadline)
                    place = place.join(response.headers.get("location", ""))
                finally:
                    response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ImageError(f"cannot be fetched ({str(error) or type(error).__name__})") from error
    raise ImageError(f"redirects more than {limits.max_redirects} times")


def _request(
    client: httpx.Client, url: httpx.URL, deadline: Deadline, *, resolve: Resolve, allow: Allow
) -> httpx.Request:
    """Ask the checked address itself, with the name where TLS and the server look for it."""
    address = checked_address(url, resolve=resolve, allow=allow)
    return client.build_request(
        "GET",
        url.copy_with(host=str(address), fragment=None),
        headers={"Host": url.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"},
        extensions={"sni_hostname": url.host, "trace": deadline.trace},
        timeout=deadline.left_s(),
    )


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
