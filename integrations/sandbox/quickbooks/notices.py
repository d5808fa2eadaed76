"""Who is told when something changed: the application's one endpoint, in one of two shapes or in both."""

from __future__ import annotations

from collections.abc import Iterator

from integrations.sandbox.clock import rfc3339
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.mail import Answer, Notice
from integrations.sandbox.quickbooks.carrier import CLOUDEVENTS, LEGACY, sealed_for
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.news import Event

SILENT = {"TaxCode", "TaxRate", "CompanyInfo"}
_SHAPES = {"both": (CLOUDEVENTS, LEGACY)}
_NOWHERE = "set webhook_url to an address of this machine"


def announce(double: QuickBooksDouble, event: Event) -> None:
    """Owe the event to the endpoint, if there is one."""
    if double.settings.webhook_url is None or event.entity in SILENT:
        return
    for shape in _shapes(double):
        double.postman.post(Notice(shape, event.id, f"{event.entity}.{event.operation}", event))


def event_of(
    double: QuickBooksDouble, realm: str, entity: str, record_id: str, operation: str, *, moment: int
) -> Event:
    """The event, with its time as the company's clock shows it; UTC for companies that are not known here."""
    company = double.companies.get(realm)
    text = company.zone.text(moment) if company else rfc3339(moment)[:19] + "+00:00"
    return Event(realm, entity, record_id, operation, moment, text[:-3] + text[-2:])


async def flush(double: QuickBooksDouble) -> list[Document]:
    """Send what waits, until nothing is left or a POST is not acknowledged; one result for each POST."""
    sent = await double.postman.push()
    return [_result([notice.content for notice in letter.notices], answer) for letter, answer in sent]


async def post(double: QuickBooksDouble, events: list[Event], *, forgery: Forgery | None = None) -> list[Document]:
    """One POST now for each shape, past everything that waits."""
    results = []
    for shape in _shapes(double):
        sealed = sealed_for(double.portal, shape, events, forgery)
        results.append(_result(events, await double.postman.send(sealed) if sealed else Answer(None, _NOWHERE)))
    return results


def _shapes(double: QuickBooksDouble) -> Iterator[str]:
    shape = double.settings.webhook_shape
    yield from _SHAPES.get(shape, (shape,))


def _result(events: list[Event], answer: Answer) -> Document:
    result: Document = {"events": [event.id for event in events], "status": answer.status}
    return result | ({"problem": answer.problem} if answer.problem else {})
