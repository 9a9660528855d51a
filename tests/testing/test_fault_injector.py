"""A client that leaves before it has asked has asked for nothing."""

from __future__ import annotations

import asyncio

from starlette.types import Message, Receive, Scope, Send

from vqaft.testing import FAULTS, BillingJournal, Planned
from vqaft.testing.fault_injector import FaultInjector


def test_half_a_request_is_not_worked_on() -> None:
    arriving: list[Message] = [
        {"type": "http.request", "body": b'{"half": ', "more_body": True},
        {"type": "http.disconnect"},
    ]
    seen: list[object] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(scope)

    async def receive() -> Message:
        return arriving.pop(0)

    async def send(message: Message) -> None:
        seen.append(message)

    journal = BillingJournal()
    injector = FaultInjector(app, journal)
    injector.plan([Planned(fault=FAULTS["500"])])
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions"}
    asyncio.run(injector(scope, receive, send))
    assert seen == []
    assert injector.injected == 0
    assert journal.entries() == ()
