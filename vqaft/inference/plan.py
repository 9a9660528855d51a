"""Run plan: requests, cost and time of a prediction run, directly and by the Batch API, before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import NonNegativeInt

from vqaft.data import VQAExample
from vqaft.errors import VqaftError
from vqaft.inference.batch.api import ShardLimits, batch_line
from vqaft.inference.chat import ChatSettings
from vqaft.inference.predictions import Predictions
from vqaft.inference.rate_limited_backend import TokenPrice
from vqaft.inference.run import RequestBuilder
from vqaft.parallel import worker_count
from vqaft.typed import Amount, typed, typed_call

BATCH_HOURS = 24


@dataclass(frozen=True, kw_only=True)
@typed
class RunPlan:
    """Estimate of a prediction run.

    Attributes:
        requests: Requests that would be sent.
        unsendable: Examples whose image cannot be sent.
        total_bytes: Bytes that would be sent.
        shards: Files that the Batch API would need.
        direct_cost: Dollars by single requests; None where the tokens or the price are not known.
        batch_cost: Dollars by the Batch API; None as above.
        direct_s: Seconds by single requests; None where the latency is not known.
        batch_hours: Hours by the Batch API, at most.
    """

    requests: NonNegativeInt
    unsendable: NonNegativeInt
    total_bytes: NonNegativeInt
    shards: NonNegativeInt
    direct_cost: Amount | None
    batch_cost: Amount | None
    direct_s: Amount | None
    batch_hours: NonNegativeInt = BATCH_HOURS

    def __str__(self) -> str:
        direct = f"{_dollars(self.direct_cost)}, {_minutes(self.direct_s)}"
        batch = f"{_dollars(self.batch_cost)}, up to {self.batch_hours} h, {self.shards} file(s)"
        size = f"{self.requests} requests, {self.total_bytes / 1e6:.1f} MB"
        return f"{size}, {self.unsendable} images cannot be sent\n  one by one: {direct}\n  as a batch: {batch}"


@typed_call
def plan_run(
    builder: RequestBuilder,
    examples: Iterable[VQAExample],
    *,
    settings: ChatSettings,
    sample: Predictions | None = None,
    price: TokenPrice | None = None,
    max_workers: int | None = None,
    limits: ShardLimits | None = None,
) -> RunPlan:
    """Build every request without sending it.

    Args:
        builder: Turns examples into messages.
        examples: What would be asked about.
        settings: What would be asked with.
        sample: A few real answers, for tokens and latency: estimates of image tokens are unreliable.
        price: What tokens cost.
        max_workers: Concurrent requests, for the time; 32 if None.
        limits: What one batch may hold.

    Returns:
        Cost and time of both ways, as far as the sample and the price tell them.
    """
    sizes, unsendable = [], 0
    for example in examples:
        try:
            sizes.append(len(batch_line("0" * 32, settings.request(builder.request_json(example)).body())))
        except VqaftError:
            unsendable += 1
    cost = _cost_each(sample, price)
    latencies = [prediction.latency_s for prediction in sample.answered] if sample else []
    threads = worker_count(max_workers, waiting=True)
    return RunPlan(
        requests=len(sizes),
        unsendable=unsendable,
        total_bytes=sum(sizes),
        shards=_shards(sizes, limits or ShardLimits()),
        direct_cost=None if cost is None else cost * len(sizes),
        batch_cost=None if cost is None or price is None else cost * len(sizes) * (1 - price.batch_discount),
        direct_s=sum(latencies) / len(latencies) * len(sizes) / threads if latencies else None,
    )


def _cost_each(sample: Predictions | None, price: TokenPrice | None) -> float | None:
    billed = [row for row in sample or () if row.prompt_tokens is not None]
    if not billed or price is None:
        return None
    return sum(price.dollars(row.prompt_tokens or 0, row.completion_tokens or 0) for row in billed) / len(billed)


def _shards(sizes: list[int], limits: ShardLimits) -> int:
    count = rows = filled = 0
    for size in sizes:
        if count == 0 or rows == limits.max_rows or filled + size > limits.max_bytes:
            count, rows, filled = count + 1, 0, 0
        rows, filled = rows + 1, filled + size
    return count


def _dollars(amount: float | None) -> str:
    return "cost not known" if amount is None else f"${amount:,.2f}"


def _minutes(seconds: float | None) -> str:
    return "time not known" if seconds is None else f"about {seconds / 60:.1f} min"
