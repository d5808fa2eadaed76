"""How often and how many at once a company may be asked, and the four shapes of "too many"."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from integrations.sandbox.clock import MINUTE, SECOND
from integrations.sandbox.door import Reply
from integrations.sandbox.quickbooks.companies import Company
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.errors import GatewayError, QuickBooksError, xml_fault

_DETAIL = "The request limit was reached.  Try again later"


class Throttled(Exception):
    """Too many calls of this company."""


@contextmanager
def admitted(double: QuickBooksDouble, company: Company) -> Iterator[None]:
    """Counts a call while it is on its way; Throttled when there are too many by number or by time."""
    limit = double.settings.in_flight
    if limit is not None and company.in_flight >= limit:
        raise Throttled
    _check_pace(double, company)
    company.in_flight += 1
    company.most_in_flight = max(company.most_in_flight, company.in_flight)
    try:
        yield
    finally:
        company.in_flight -= 1


def throttle_reply(shape: str, *, time: str, now: int, retry_after: float | None = None) -> Reply:
    """One refusal, as XML, as lower-case JSON, as an upper-case Fault, or with the older status 403."""
    status = 403 if shape == "403" else 429
    message = f"message=ThrottleExceeded; errorCode=003001; statusCode={status}"
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    if shape == "xml":
        error = QuickBooksError(3001, message, _DETAIL, kind="SERVICE")
        return Reply(status, xml_fault(error, time), "application/xml", headers)
    if shape == "fault":
        error = QuickBooksError("003001", message, _DETAIL, kind="SERVICE")
    else:
        error = GatewayError(3001, message, _DETAIL, kind="SERVICE")
    return Reply.json(status, error.body(time, now), headers)


def _check_pace(double: QuickBooksDouble, company: Company) -> None:
    settings, now = double.settings, double.clock.now()
    recent = double.recent_calls.setdefault(company.realm, deque())
    while recent and not now - MINUTE < recent[0] <= now:
        recent.popleft()
    if settings.per_minute is not None and len(recent) >= settings.per_minute:
        raise Throttled
    if settings.rate_per_second is not None:
        last_second = sum(1 for moment in recent if moment > now - SECOND)
        if last_second >= settings.rate_per_second:
            raise Throttled
    recent.append(now)
