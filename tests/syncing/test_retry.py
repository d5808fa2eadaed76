"""When a failed job is tried again: a table of errors and attempts."""

import pytest

from integrations.providers import errors
from integrations.providers.errors import ProviderError
from syncing.retry import Again, decide


def highest(_low: float, high: float) -> float:
    return high


@pytest.mark.parametrize(
    ("error", "attempts", "expected"),
    [
        (errors.Transient(), 1, Again(4.0, counts=True)), (errors.Transient(), 5, Again(64.0, counts=True)),
        (errors.Transient(), 7, Again(256.0, counts=True)), (errors.Transient(), 8, None),
        (errors.Transient(), 9, None), (errors.CursorExpired(), 1, Again(4.0, counts=True)),
        (errors.CursorExpired(), 8, None),
        (errors.RateLimited(), 1, Again(30.0, counts=False)),
        (errors.RateLimited(retry_after=90.0), 1, Again(90.0, counts=False)),
        (errors.RateLimited(retry_after=0.0), 1, Again(0.0, counts=False)),
        (errors.RateLimited(retry_after=90.0), 99, Again(90.0, counts=False)),
        (errors.Invalid(), 1, None), (errors.PermissionMissing(), 1, None), (errors.NotFound(), 1, None),
        (errors.Conflict(), 1, None), (errors.Duplicate(), 1, None), (errors.AccountBlocked(), 1, None),
        (errors.Misconfigured(), 1, None), (errors.AuthRevoked(), 1, None), (errors.AuthExpired(), 1, None),
    ],
)  # fmt: skip
def test_what_becomes_of_an_error(error: ProviderError, attempts: int, expected: Again | None) -> None:
    assert decide(error, attempts=attempts, max_attempts=8, uniform=highest) == expected


def test_no_wait_is_longer_than_an_hour() -> None:
    again = decide(errors.Transient(), attempts=60, max_attempts=100, uniform=highest)
    assert again == Again(3600.0, counts=True)


def test_waits_are_spread_over_the_whole_range_so_that_workers_do_not_come_back_together() -> None:
    asked: list[tuple[float, float]] = []

    def note(low: float, high: float) -> float:
        asked.append((low, high))
        return low

    assert decide(errors.Transient(), attempts=3, max_attempts=8, uniform=note) == Again(0, counts=True)
    assert asked == [(0, 16.0)]
