"""Making something remote that must not be made twice, over a connection that loses answers."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import TypeVar

from vqaft.errors import RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service.retry import RetryPolicy

Made = TypeVar("Made")


def create_idempotently(
    make: Callable[[], Made], find: Callable[[], Made | None], *, retry: RetryPolicy, in_doubt: bool = False
) -> Made:
    """Make something; after an answer that was lost, look for what it may have made before making it again.

    Only a plain refusal, such as 429, says that nothing was made. After anything else the service is given
    `retry.settle_s` to show what it made.

    Args:
        make: Makes it, by one request.
        find: Looks for it by a mark that nothing else carries; None where it is not there.
        retry: How long to go on.
        in_doubt: Whether an earlier run may have made it already.

    Raises:
        RequestRefusedError: If it is in doubt whether it was made, and the service cannot tell.
        ServiceError: What the service said last.
    """
    doubt = in_doubt

    def attempt() -> Made:
        nonlocal doubt
        if doubt:
            found = _found(find)
            if found is not None:
                return found
        doubt = True
        try:
            return make()
        except ServiceUnreachableError:
            retry.sleep(retry.consistency_delay_s)
            raise
        except ServiceError as error:
            doubt = error.status != HTTPStatus.TOO_MANY_REQUESTS
            raise

    return retry.call(attempt)


def _found(find: Callable[[], Made | None]) -> Made | None:
    try:
        return find()
    except RequestRefusedError as error:
        hint = "Look there by hand; to make a second one knowingly, use another ledger."
        message = f"an answer was lost, and the service cannot say what it made ({error.message})"
        raise RequestRefusedError(message, status=error.status, code=error.code, hint=hint) from error


KEY = "vqaft_key"
