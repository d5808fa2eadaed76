"""How Mailchimp is asked for a list or for one thing, and what its answer must hold.

A contact stands in a path by its id or by the hash of its address, never by the address: paths end up in logs.
"""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from integrations.providers.errors import NotFound, Transient
from integrations.providers.http import Answer, ApiSession
from integrations.providers.mailchimp import windows
from integrations.providers.types import JSON

MOST = 1000  # that Mailchimp gives in one answer


def ask(api: ApiSession, path: str, key: str, asked: tuple[str, ...], *, offset: int, **query: str | None) -> Answer:
    """Return one page of a list with the named fields of its entries, and the number of all."""
    named = ",".join([*(f"{key}.{name}" for name in asked), "total_items"])
    return api.get(path, {"count": MOST} | query | {"offset": offset, "fields": named})


def count(api: ApiSession, path: str, status: str | None) -> int:
    """Return how many entries a list has, without its entries."""
    return total(api.get(path, {"count": 1, "status": status, "fields": "total_items"}))


def is_gone(api: ApiSession, path: str, *, named_by: str = "id") -> bool:
    """Return whether Mailchimp does not know the thing any more. One call, for nothing but the field it is named by."""
    try:
        api.get(path, {"fields": named_by})
    except NotFound:
        return True
    return False


def listed(answer: Answer, key: str) -> list[JSON]:
    """Return the entries of a page. Raises Transient for another shape."""
    found = answer.body.get(key) or []
    if not isinstance(found, list) or not all(isinstance(raw, dict) for raw in found):
        raise _unreadable()
    return found


def total(answer: Answer) -> int:
    """Return how many entries the request matched. Raises Transient where that is not told."""
    found = answer.body.get("total_items")
    if not isinstance(found, int) or isinstance(found, bool):
        raise _unreadable()
    return found


def text_in(raw: JSON, name: str) -> str:
    """Return a text that an entry cannot be without. Raises Transient: without it the page is no answer."""
    found = raw.get(name)
    if not isinstance(found, str) or not found:
        raise _unreadable()
    return found


def number_in(raw: JSON, name: str) -> int:
    """Return a number that an entry cannot be without. Raises Transient."""
    found = raw.get(name)
    if not isinstance(found, int):
        raise _unreadable()
    return found


def provider_time(answer: Answer) -> str:
    """Return the provider's own time of an answer; ours, well before, where it sent none."""
    sent = answer.headers.get("date")
    return windows.text(parsedate_to_datetime(sent) if sent else datetime.now(UTC) - timedelta(minutes=10))


def audience(audience_id: str) -> str:
    """Return the path of an audience."""
    return f"/3.0/lists/{quote(audience_id, safe='')}"


def contact(audience_id: str, contact_id: str) -> str:
    """Return the path of a contact in an audience, by its contact id or hash."""
    return f"{audience(audience_id)}/members/{quote(contact_id, safe='')}"


def _unreadable() -> Transient:
    return Transient("Mailchimp answered in a shape that we cannot read.", code="unreadable")
