"""How writes that cost a call each are made: several at a time, and none is begun once the account stops answering.

What stands in one lane goes one after the other. Lanes go side by side, as many as an account may have calls under way.
"""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from integrations import walls
from integrations.providers.errors import (
    Conflict,
    Duplicate,
    Invalid,
    NotFound,
    PermissionMissing,
    ProviderError,
    Settled,
    Transient,
)
from integrations.providers.mailchimp.spec import SPEC
from integrations.providers.types import ExternalRecord, Write, WriteResult

OF_ONE_RECORD = (Invalid, Conflict, Duplicate, NotFound, PermissionMissing, Settled)
TWO_ROUNDS = 2 * SPEC.limits.in_flight  # as many writes as end well within a job’s lease, even when answers are slow


@dataclass(slots=True)
class _Road:
    """What made all lanes stop, None while they go."""

    closed_by: ProviderError | None = None


def results(lanes: Iterable[Sequence[Write]], send: Callable[[Write], ExternalRecord]) -> dict[str, WriteResult]:
    """Return the results by key; what is open has the Transient that left it so.

    Raises what concerns the account, and the Transient when all of them are open.
    """
    road = _Road()
    with ThreadPoolExecutor(SPEC.limits.in_flight, thread_name_prefix="mailchimp-writes") as pool:
        along = walls.carried(lambda lane: _along(road, lane, send))
        found = [each for lane in pool.map(along, lanes) for each in lane]
    stop = road.closed_by
    if stop is not None and (not isinstance(stop, Transient) or all(isinstance(r.error, Transient) for r in found)):
        raise stop
    return {each.key: each for each in found}


def _along(road: _Road, lane: Sequence[Write], send: Callable[[Write], ExternalRecord]) -> list[WriteResult]:
    done: list[WriteResult] = []
    for write in lane:
        if road.closed_by is not None:
            done.append(WriteResult(write.key, error=road.closed_by))
            continue
        try:
            done.append(WriteResult(write.key, send(write)))
        except OF_ONE_RECORD as error:
            done.append(WriteResult(write.key, error=error))
        except ProviderError as error:
            road.closed_by = error
            done.append(WriteResult(write.key, error=error))
    return done
