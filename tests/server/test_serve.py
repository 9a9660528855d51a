"""Where the server listens, and what it says where it cannot."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from vqaft.errors import DataError, StateError
from vqaft.server import listen, serve


def run(*arguments: str, api_key: str = "a-key", code: str = "") -> subprocess.CompletedProcess[str]:
    program = code + "import sys; from vqaft.cli import main; sys.argv = ['vqaft', *sys.argv[1:]]; main()"
    command = [sys.executable, "-c", program, "serve", *arguments]
    environment = {**os.environ, "VQAFT_API_KEY": api_key}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=60)  # noqa: S603


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        result = run("--port", port, "--folder", str(tmp_path / "state"))
    assert result.returncode == 2
    assert result.stderr.startswith(f"vqaft: port {port} of 127.0.0.1 is not available: Address already in use")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "state").exists()


def test_a_missing_extra_is_named(tmp_path: Path) -> None:
    result = run("--folder", str(tmp_path), code="import sys; sys.modules['starlette'] = None; ")
    assert result.returncode == 2
    assert "vqaft[local]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("api_key", ["schlüssel", "two words", "line\nbreak", ""])
def test_a_key_that_no_header_can_hold_is_refused(tmp_path: Path, api_key: str) -> None:
    with pytest.raises(DataError, match="printable ASCII"):
        serve(tmp_path / "state", api_key=api_key, port=0)
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(("host", "port"), [("", 0), ("no such host", 0), ("127.0.0.1", 70_000), ("256.1.1.1", 0)])
def test_nothing_listens_where_nothing_is(host: str, port: int) -> None:
    with pytest.raises(DataError):
        listen(host, port)


def test_an_address_of_somebody_else() -> None:
    with pytest.raises(StateError, match="is not available"):
        listen("192.0.2.1", 0)  # TEST-NET-1, RFC 5737


@pytest.mark.parametrize(
    ("host", "called", "status"),
    [
        ("127.0.0.1", "127.0.0.1", 200),
        ("127.0.0.1", "box.lan", 421),
        ("localhost", "LocalHost", 200),
        ("0", "box.lan", 200),
        ("0.0.0.0", "box.lan", 200),  # noqa: S104 - closed again at once
        ("::", "box.lan", 200),
        ("::0", "box.lan", 200),
        ("::1", "[::1]", 200),
        ("::1", "box.lan", 421),
    ],
)
def test_a_server_for_all_is_called_by_any_name(tmp_path: Path, host: str, called: str, status: int) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")
    code = "import sys; from pathlib import Path; from vqaft.server.serve import serve\n"
    code += "def say(url): print(url, flush=True)\n"
    code += "serve(Path(sys.argv[1]), api_key='k', host=sys.argv[2], port=0, on_ready=say, until_input_ends=True)"
    command = [sys.executable, "-c", code, str(tmp_path), host]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        port = process.stdout.readline().strip().removesuffix("/v1").rpartition(":")[2]
        loopback = "[::1]" if ":" in host else "127.0.0.1"
        with httpx.Client(transport=httpx.HTTPTransport(retries=5)) as client:
            answer = client.get(f"http://{loopback}:{port}/health", headers={"Host": f"{called}:{port}"})
        process.communicate(timeout=30)
    assert answer.status_code == status


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True
