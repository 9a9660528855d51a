"""Who gets in: codes that are valid once, sessions, and writes that only the server's own pages send."""

from __future__ import annotations

import httpx
import pytest

from tests.workbench.running import RunningWorkbench
from vqaft.workbench.guard import CODE_S, MAX_SESSIONS, MAX_TRIES, SESSION_S, Login


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_code_is_valid_once() -> None:
    login = Login()
    code = login.new_code()
    token = login.redeem(code)
    assert token is not None
    assert login.knows(token)
    assert login.redeem(code) is None
    assert not login.knows(code)
    login.end(token)
    assert not login.knows(token)


def test_codes_and_sessions_expire() -> None:
    clock = Clock()
    login = Login(clock=clock)
    late, used = login.new_code(), login.new_code()
    token = login.redeem(used)
    assert token is not None
    clock.now += CODE_S
    assert login.redeem(late) is None
    clock.now += SESSION_S - CODE_S - 1
    assert login.knows(token)
    clock.now += 1
    assert not login.knows(token)


def test_wrong_codes_withdraw_the_open_ones() -> None:
    login = Login()
    code = login.new_code()
    assert [login.redeem("wrong") for _ in range(MAX_TRIES)] == [None] * MAX_TRIES
    assert login.redeem(code) is None
    assert login.redeem(login.new_code()) is not None


def test_sessions_are_bounded() -> None:
    login = Login()
    tokens = [login.redeem(login.new_code()) or "" for _ in range(MAX_SESSIONS + 1)]
    assert [login.knows(token) for token in (tokens[0], tokens[1], tokens[-1])] == [False, True, True]


def test_without_a_session_there_is_only_the_login(bench: RunningWorkbench) -> None:
    with bench.client() as client:
        for path in ("/", "/workbench", "/workbench/jobs", "/workbench/jobs/live", "/workbench/none"):
            answer = client.get(path)
            assert answer.status_code == httpx.codes.UNAUTHORIZED
            assert 'id="sign-in"' in answer.text
        assert client.post("/workbench/login", data={"code": "wrong"}).status_code == httpx.codes.FORBIDDEN
        assert not client.cookies


def test_a_link_signs_in_and_out(bench: RunningWorkbench) -> None:
    with bench.client() as client:
        whole = client.post("/workbench/login", data={"code": bench.link()})
        cookie = whole.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/", follow_redirects=True).status_code == httpx.codes.OK
        assert client.post("/workbench/logout").status_code == httpx.codes.SEE_OTHER
        assert client.get("/workbench/jobs").status_code == httpx.codes.UNAUTHORIZED


def test_the_key_gives_a_link_and_nothing_else_does(bench: RunningWorkbench, page: httpx.Client) -> None:
    url = f"{bench.url}/workbench/link"
    key = {"authorization": f"Bearer {bench.server.api_key}"}
    code = httpx.post(url, headers=key).json()["code"]
    assert page.post("/workbench/login", data={"code": code}).status_code == httpx.codes.SEE_OTHER
    assert httpx.post(url, headers={"authorization": "Bearer wrong"}).status_code == httpx.codes.UNAUTHORIZED
    assert page.post("/workbench/link").status_code == httpx.codes.FORBIDDEN  # no page asks for links


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": ""},
        {"origin": "http://127.0.0.1:1"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_pages_change_nothing(page: httpx.Client, headers: dict[str, str]) -> None:
    assert page.post("/workbench/logout", headers=headers).status_code == httpx.codes.FORBIDDEN
    assert page.get("/workbench/jobs").status_code == httpx.codes.OK


def test_the_server_is_called_by_its_own_name(page: httpx.Client) -> None:
    assert page.get("/", headers={"host": "evil.example"}).status_code == httpx.codes.MISDIRECTED_REQUEST


def test_the_api_is_as_it_was(bench: RunningWorkbench, page: httpx.Client) -> None:
    assert page.get("/health").json() == {"status": "ok"}
    assert page.get("/v1/models").status_code == httpx.codes.UNAUTHORIZED  # a session is no key
    with bench.openai() as client:
        assert {model.id for model in client.models.list()} >= {"quick", "slow"}


def test_the_key_is_on_no_page(bench: RunningWorkbench, page: httpx.Client) -> None:
    for path in ("/workbench/jobs", "/workbench/jobs/live", "/workbench/static/workbench.js"):
        answer = page.get(path)
        assert answer.status_code == httpx.codes.OK
        assert bench.server.api_key not in answer.text + str(answer.headers)


def test_every_answer_has_its_policy(page: httpx.Client) -> None:
    for path in ("/workbench/jobs", "/workbench/none", "/workbench/static/none", "/workbench/static/workbench.css"):
        headers = page.get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_a_body_is_bounded(page: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    answer = page.post("/workbench/login", content=(b"x" * 1_000_000 for _ in range(40)), headers=form)
    assert answer.status_code in {httpx.codes.BAD_REQUEST, httpx.codes.REQUEST_ENTITY_TOO_LARGE}


def test_files_of_the_package_are_sent_once(page: httpx.Client) -> None:
    first = page.get("/workbench/static/workbench.js")
    again = page.get("/workbench/static/workbench.js", headers={"if-none-match": first.headers["etag"]})
    assert (first.status_code, again.status_code) == (httpx.codes.OK, httpx.codes.NOT_MODIFIED)
