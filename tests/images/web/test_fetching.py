"""Downloads: where they may go, and how they end."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import trustme

from vqaft.errors import DataError, ImageError
from vqaft.images import ImageEncoder, InputLimits, RemoteImage, WebFetcher
from vqaft.images.web.download import Address, DownloadLimits, download, resolve
from vqaft.images.web.remote_image import is_public

LIMITS = DownloadLimits(max_bytes=10_000, timeout_s=5.0, max_redirects=3)

# Ways to write an address that a download may not reach.
INWARDS = [
    "http://127.0.0.1/",
    "http://127.0.0.1:8080/a.png",
    "https://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://127.255.255.254/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0.0.1/",
    "http://0x7f.1/",
    "http://017700000001/",
    "http://0177.0x0.0.1/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://10.0.0.1/",
    "http://10.255.255.255/",
    "http://0xa000001/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://192.168.1/",
    "http://3232235521/",
    "http://169.254.169.254/latest/meta-data/",
    "http://169.254.170.2/v2/credentials",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://192.0.0.1/",
    "http://192.0.0.192/",
    "http://192.88.99.1/",
    "http://168.63.129.16/",
    "http://192.0.2.1/",
    "http://198.18.0.1/",
    "http://198.51.100.1/",
    "http://203.0.113.1/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:169.254.169.254]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[64:ff9b::8.8.8.8]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:4136:e378:8000:63bf:3fff:fdd2]/",
    "http://[fe80::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2001:db8::1]/",
    "http://[2001:2::1]/",
    "http://[3fff::1]/",
    "http://[5f00::1]/",
    "http://[100::1]/",
    "http://[4000::1]/",
    "http://localhost/",
]
NO_PLAIN_ADDRESS = [
    "http://user@127.0.0.1/",
    "http://user:password@1.1.1.1/",
    "http://1.1.1.1@127.0.0.1/",
    "http:///etc/passwd",
    "http://",
    "ftp://1.1.1.1/a.png",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "data:image/png;base64,AAAA",
    "//127.0.0.1/",
]
NOT_UNDERSTOOD = [
    "http://0177.0.0.1/",
    "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",  # full-width digits
    "http://\u2460\u2461\u2466.0.0.1/",  # circled digits
]


@pytest.fixture
def cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names are looked up; a connection would fail the test."""

    def connect(*_: object) -> None:
        pytest.fail("something was connected to")

    monkeypatch.setattr(socket.socket, "connect", connect)


@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize("url", INWARDS)
def test_no_spelling_leads_inwards(url: str) -> None:
    with pytest.raises(ImageError, match="leads to an address that is not public"):
        WebFetcher(timeout_s=2)(url)


@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize("url", NO_PLAIN_ADDRESS)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(ImageError, match=r"no http or https address|holds a user name or a password"):
        WebFetcher(timeout_s=2)(url)


@pytest.mark.usefixtures("cut_off")
@pytest.mark.parametrize("url", NOT_UNDERSTOOD)
def test_what_only_some_would_understand_is_refused(url: str) -> None:
    with pytest.raises(ImageError, match="Invalid I"):
        WebFetcher(timeout_s=2)(url)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700:4700::1111", "2a00:1450::1"])
def test_the_open_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


class _Site(BaseHTTPRequestHandler):
    """Answers by path; counts what it was asked."""

    asked: list[tuple[str, str | None, str | None]]
    image: bytes

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"], self.headers["Cookie"]))
        with suppress(BrokenPipeError, ConnectionResetError):
            getattr(self, "answer_" + self.path.strip("/").partition("?")[0].replace("/", "_"))()

    def _head(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def answer_image(self) -> None:
        self._head(200, Content_Type="text/html", Set_Cookie="id=1")
        self.wfile.write(self.image)

    def answer_html(self) -> None:
        self._head(200, Content_Type="image/png")
        self.wfile.write(b"<html>not a picture</html>")

    def answer_missing(self) -> None:
        self._head(404)

    def answer_packed(self) -> None:
        self._head(200, Content_Encoding="gzip")

    def answer_moved(self) -> None:
        self._head(302, Location="/image")

    def answer_inside(self) -> None:
        self._head(302, Location="http://192.168.0.1/")

    def answer_file(self) -> None:
        self._head(302, Location="file:///etc/passwd")

    def answer_circle(self) -> None:
        self._head(302, Location="/circle")

    def answer_endless(self) -> None:
        self._head(200)
        for _ in range(1000):
            self.wfile.write(bytes(1000))

    def answer_slow(self) -> None:
        self._head(200)
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def answer_slowhead(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(100):
            self.wfile.write(b"x")
            self.wfile.flush()
            time.sleep(0.05)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass


@pytest.fixture
def site(picture: Callable[..., object], saved: Callable[..., bytes]) -> Iterator[ThreadingHTTPServer]:
    _Site.asked = []
    _Site.image = saved(picture(20, 10), "PNG")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Site) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def by_name(host: str, port: int) -> list[Address]:
    """Lead names to this machine, and addresses to themselves."""
    return [ipaddress.ip_address("127.0.0.1" if host.endswith(".test") else host)]


def loopback_only(address: Address) -> bool:
    return address.is_loopback


def fetch(site: ThreadingHTTPServer, path: str, limits: DownloadLimits = LIMITS) -> bytes:
    url = f"http://pictures.test:{site.server_port}{path}"
    return download(url, limits, resolve=by_name, allow=loopback_only)


def test_fetches_by_the_checked_address_under_the_sites_own_name(
    site: ThreadingHTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert fetch(site, "/image") == _Site.image
    assert fetch(site, "/moved?again") == _Site.image
    host = f"pictures.test:{site.server_port}"
    assert _Site.asked == [(path, host, None) for path in ("/image", "/moved?again", "/image")]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/missing", "status 404"),
        ("/packed", "compressed"),
        ("/inside", "not public"),
        ("/file", "no http or https"),
        ("/circle", "redirects more than 3 times"),
        ("/endless", "larger than 10000 bytes"),
    ],
)
def test_downloads_that_end_in_an_error(site: ThreadingHTTPServer, path: str, message: str) -> None:
    with pytest.raises(ImageError, match=message):
        fetch(site, path)


@pytest.mark.parametrize("path", ["/slow", "/slowhead"])
def test_a_byte_now_and_then_does_not_hold_a_download_up(site: ThreadingHTTPServer, path: str) -> None:
    start = time.monotonic()
    with pytest.raises(ImageError, match=r"too long|cannot be fetched"):
        fetch(site, path, DownloadLimits(max_bytes=10_000, timeout_s=0.3, max_redirects=0))
    assert time.monotonic() - start < 3


def test_a_name_that_turns_inwards_is_caught(site: ThreadingHTTPServer) -> None:
    answers = iter(["127.0.0.1", "10.0.0.1"])
    with pytest.raises(ImageError, match="not public"):
        download(
            f"http://rebinds.test:{site.server_port}/moved",
            LIMITS,
            resolve=lambda *_: [ipaddress.ip_address(next(answers))],
            allow=loopback_only,
        )
    assert [path for path, *_ in _Site.asked] == ["/moved"]


def test_one_address_of_several_that_is_not_public_is_enough() -> None:
    both = [ipaddress.ip_address("1.1.1.1"), ipaddress.ip_address("127.0.0.1")]
    with pytest.raises(ImageError, match="not public"):
        download("http://both.test/", LIMITS, resolve=lambda *_: both, allow=is_public)


def test_the_system_resolves_what_browsers_do() -> None:
    assert resolve("2130706433", 80) == [ipaddress.ip_address("127.0.0.1")]
    with pytest.raises(ImageError, match="without an address"):
        resolve("no-such-name.invalid", 80)


def test_content_is_sniffed_and_not_believed(site: ThreadingHTTPServer) -> None:
    encoder = ImageEncoder(accepted=InputLimits(fetch=lambda url: fetch(site, url.removeprefix("http://x"))))
    assert encoder.encode("http://x/image").mime == "image/png"
    with pytest.raises(ImageError, match="no image of a known kind"):
        encoder.encode("http://x/html")


def test_nothing_is_fetched_unless_asked(site: ThreadingHTTPServer) -> None:
    with pytest.raises(ImageError, match="nothing is fetched"):
        ImageEncoder().encode(f"http://127.0.0.1:{site.server_port}/image")
    with pytest.raises(ImageError, match="not public"):
        ImageEncoder(accepted=InputLimits(fetch=WebFetcher())).encode(f"http://127.0.0.1:{site.server_port}/image")
    assert _Site.asked == []


def test_over_tls_the_name_is_proved_and_not_the_address(site: ThreadingHTTPServer) -> None:
    authority = trustme.CA()
    theirs, ours = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("pictures.test").configure_cert(theirs)
    authority.configure_trust(ours)
    site.socket = theirs.wrap_socket(site.socket, server_side=True)

    def over_tls(name: str, *, verify: ssl.SSLContext | bool = ours) -> bytes:
        url = f"https://{name}:{site.server_port}/image"
        return download(url, LIMITS, resolve=by_name, allow=loopback_only, verify=verify)

    assert over_tls("pictures.test") == _Site.image
    with pytest.raises(ImageError, match=r"cannot be fetched .*not valid for 'other.test'"):
        over_tls("other.test")
    with pytest.raises(ImageError, match=r"cannot be fetched .*certificate"):
        over_tls("pictures.test", verify=True)
    assert [host for _, host, _ in _Site.asked] == [f"pictures.test:{site.server_port}"]


def test_by_ipv6(picture: Callable[..., object], saved: Callable[..., bytes]) -> None:
    class Site6(ThreadingHTTPServer):
        address_family = socket.AF_INET6

    _Site.asked, _Site.image = [], saved(picture(20, 10), "PNG")
    try:
        server = Site6(("::1", 0), _Site)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://[::1]:{server.server_port}/image"
        assert download(url, LIMITS, resolve=resolve, allow=loopback_only) == _Site.image
        server.shutdown()


def test_nobody_listens() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/"
        with pytest.raises(ImageError, match="cannot be fetched"):
            download(url, LIMITS, resolve=resolve, allow=loopback_only)


@pytest.mark.parametrize("settings", [{"max_bytes": 0}, {"timeout_s": 0}, {"max_redirects": -1}])
def test_limits_out_of_range(settings: dict[str, int]) -> None:
    with pytest.raises(DataError):
        WebFetcher(**settings)


def test_images_left_to_the_provider() -> None:
    assert RemoteImage(url="https://example.org/a.jpg").url == "https://example.org/a.jpg"
    for url in (
        "file:///a",
        "https://u:p@example.org/",
        "http://localhost/a",
        "http://10.0.0.1/a",
        "http://[::1]/",
        "http://[",
    ):
        with pytest.raises(ImageError):
            RemoteImage(url=url)


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        "127.0.1",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "2130706433",
        "169.254.169.254.",
        "\uff11\uff12\uff17.0.0.1",
        "127。0。0。1",
        "①②⑦.1",
        "[::ffff:127.0.0.1]",
        "localhost.",
        "a.localhost",
        "printer.local",
        "db.internal",
        "intranet",
        "999.1.1.1",
        "1.2.3.4.5",
        "0",
        "a b.org",
    ],
)
def test_no_spelling_of_a_private_address_enters_a_record(host: str) -> None:
    with pytest.raises(ImageError):
        RemoteImage(url=f"http://{host}/a.png")


@pytest.mark.parametrize(
    "host", ["example.org", "example.org.", "8.8.8.8", "bücher.example.org", "3com.com", "a.b-c.io"]
)
def test_public_hosts_enter_a_record(host: str) -> None:
    assert RemoteImage(url=f"https://{host}/a.png").url


def test_a_name_that_resolves_slowly_is_given_up_in_time() -> None:
    release = threading.Event()

    def slowly(_host: str, _port: int) -> list[Address]:
        release.wait(20)
        return []

    limits = DownloadLimits(max_bytes=1000, timeout_s=0.2, max_redirects=1)
    began = time.monotonic()
    with pytest.raises(ImageError, match="too long"):
        download("http://slow.test/a.png", limits, resolve=slowly, allow=lambda _: True)
    assert time.monotonic() - began < 3
    release.set()
