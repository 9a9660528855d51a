"""Idempotent creation of remote resources when responses may be lost.

No provider has idempotency keys. So a key of our own goes into what is created, and where it is in doubt whether a
request was carried out (its answer was lost, or its process was killed) the service is given time, then asked for the
key, before the request is made again; after that it is asked once more, and the younger of two is discarded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from typing import Generic, TypeVar

from vqaft.errors import RequestRefusedError, ServiceError, ServiceUnreachableError
from vqaft.service.retry import RetryPolicy

Created = TypeVar("Created")

KEY = "vqaft_key"
"""The name under which the metadata of a job or batch holds the key of its intent."""


def create_idempotently(
    create: Callable[[], Created],
    find: Callable[[], Sequence[Created]],
    *,
    retry: RetryPolicy,
    in_doubt: bool = False,
    discard: Callable[[Created], object] | None = None,
) -> Created:
    """Create something; wherever it is in doubt whether it exists already, wait and look for it first.

    Only a plain refusal, such as 429, says that nothing was created.

    Args:
        create: Creates it, by one request.
        find: Looks for it by a key that nothing else carries; all that there are, oldest first.
        retry: How long to go on; `consistency_delay_s` is waited before looking.
        in_doubt: Whether an earlier run may have created it already.
        discard: Cancels a superfluous younger one, if a request that was given up was carried out late.

    Returns:
        The oldest that carries the key.

    Raises:
        RequestRefusedError: If it is in doubt whether it was created, and the service cannot tell.
        ServiceError: What the service said last.
    """
    creation = _Creation(create, find, retry=retry, in_doubt=in_doubt)
    if in_doubt:
        retry.sleep(retry.consistency_delay_s)
    created = retry.call(creation.attempt)
    if not creation.was_in_doubt:
        return created
    # A request that was given up may have been carried out meanwhile: then the younger one goes.
    found = retry.call(lambda: _found(find))
    if discard is not None:
        for extra in found[1:]:
            retry.call(partial(discard, extra))
    return found[0] if found else created


class _Creation(Generic[Created]):
    """One creation over several attempts, and whether an earlier one may have been carried out."""

    def __init__(
        self,
        create: Callable[[], Created],
        find: Callable[[], Sequence[Created]],
        *,
        retry: RetryPolicy,
        in_doubt: bool,
    ) -> None:
        self._create = create
        self._find = find
        self._retry = retry
        self._doubt = in_doubt
        self.was_in_doubt = in_doubt

    def attempt(self) -> Created:
        """Look for the resource where that is in doubt; create it if it is missing."""
        if self._doubt:
            self.was_in_doubt = True
            found = _found(self._find)
            if found:
                return found[0]
        before, self._doubt = self._doubt, True
        try:
            return self._create()
        except ServiceUnreachableError:
            self._retry.sleep(self._retry.consistency_delay_s)
            raise
        except ServiceError as error:
            self._doubt = before or error.status != HTTPStatus.TOO_MANY_REQUESTS
            raise


def was_refused(error: ServiceError) -> bool:
    """Return whether an error of a creating request says that nothing was created."""
    return error.status in _REFUSALS


_REFUSALS = frozenset({400, 401, 402, 403, 404, 413, 422, 429})
"""Statuses that a service answers before it does anything; a gateway's 408, 409 or 5xx say nothing of the kind."""


def _found(find: Callable[[], Sequence[Created]]) -> Sequence[Created]:
    try:
        return find()
    except RequestRefusedError as error:
        hint = "Look there by hand; to create a second one knowingly, use another ledger."
        message = f"an answer was lost, and the service cannot say what it created ({error.message})"
        raise RequestRefusedError(message, status=error.status, code=error.code, hint=hint) from error
