"""Who may ask for what, at whose venue? Seven identities, every route, their own venue and a foreign one.

What each is to be answered stands in the table of `tests/api/test_routes.py`; here it is asked. All of it happens in
one state of the database: each question is taken back before the next.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from django.db import transaction
from rest_framework.test import APIClient

from connections.models import Connection
from integrations import api_tokens
from integrations.models import Role, Venue, VenueMembership
from integrations.providers.types import ObjectType
from mappings import own_templates, versions
from syncing.models import Record
from tests.api.conftest import bringing
from tests.api.rows import dead_job, log_of
from tests.api.test_routes import CAST, KINDS, RECORD, ROUTES, call
from tests.factories import ConnectionFactory, MembershipFactory, UserFactory, VenueFactory
from tests.monitoring.conftest import dead_event, failing_record

IDENTITIES = (*CAST, "token", "staff")
OURS, THEIRS = "lantern-room", "elsewhere"
_RECORDS = {OURS: UUID(RECORD), THEIRS: UUID(int=UUID(RECORD).int + 1)}
_NOBODYS = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8eff"
_CHANGING = re.compile(rb'"(request_id|id|changed_at)":"[^"]*"')


class Cell(NamedTuple):
    """One identity asks for one route at one venue."""

    route: str
    identity: str
    venue: str


@dataclass(frozen=True)
class House:
    """Two venues with the same in each, their admins, and a client for each identity."""

    venues: dict[str, Venue]
    admins: dict[str, Any]
    clients: dict[str, APIClient]


def cells() -> list[Cell]:
    """Return the whole matrix."""
    return [Cell(*each) for each in ((r, i, v) for r in ROUTES for i in IDENTITIES for v in (OURS, THEIRS))]


def declared(cell: Cell) -> int:
    """Return the status that the table says."""
    route = ROUTES[cell.route]
    column = _column(cell, KINDS[route.kind].token)
    if cell.identity == "staff":
        column = route.staff or KINDS[route.kind].staff
    return column if isinstance(column, int) else route.statuses[CAST.index(column)]


def _column(cell: Cell, as_token: str | int) -> str | int:
    own = THEIRS if cell.identity == "stranger" else OURS
    if cell.identity == "anonymous" or (as_token == "anonymous" and cell.identity == "token"):
        return "anonymous"
    if cell.venue != own:
        return "stranger"
    return {"stranger": "owner", "token": as_token}.get(cell.identity, cell.identity)


def answered(house: House, cell: Cell) -> int:
    """Return the status that is answered; nothing of it stays."""
    with taken_back():
        client, venue = house.clients[cell.identity], house.venues[cell.venue]
        answer = call(client, cell.route, venue, record=str(_RECORDS[cell.venue]))
    status: int = answer.status_code
    return status


@contextmanager
def taken_back() -> Iterator[None]:
    """Undo at the end all that was done to the database meanwhile."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def built() -> House:
    """Make the two venues and everybody."""
    venues = {slug: VenueFactory(name=slug.title(), slug=slug) for slug in (OURS, THEIRS)}
    people = {
        name: MembershipFactory(venue=venues[slug], role=role, user=UserFactory(username=name)).user
        for name, slug, role in (
            ("stranger", THEIRS, Role.VENUE_ADMIN),
            ("viewer", OURS, Role.VIEWER),
            ("operator", OURS, Role.OPERATOR),
            ("owner", OURS, Role.VENUE_ADMIN),
        )
    }
    people["staff"] = UserFactory(username="staff", is_staff=True, is_superuser=True)
    admins = {OURS: people["owner"], THEIRS: people["stranger"]}
    for slug, venue in venues.items():
        _with_a_record(venue, _RECORDS[slug])
    clients = {name: _signed_in(person) for name, person in people.items()}
    clients |= {"anonymous": APIClient(), "token": bringing(_token(venues[OURS], people["owner"], "Program").token)}
    return House(venues, admins, clients)


def _signed_in(person: Any) -> APIClient:
    client = APIClient()
    client.force_login(person)
    return client


def _token(venue: Venue, person: Any, name: str) -> api_tokens.Made:
    member = VenueMembership.objects.get(user=person, venue=venue)
    return api_tokens.make(member, name=name, scopes=["manage"], days=90)


def _with_a_record(venue: Venue, pk: UUID) -> None:
    ConnectionFactory(venue=venue)
    Record.objects.create(id=pk, venue=venue, object_type="customer", fields={"given_name": "Mia"}, content_hash="0")


# --- what lies inside another venue -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Things:
    """What a venue has that an address or a body can name by its id."""

    record: str
    run: str
    token: str
    template: str
    event: str
    connection: str
    failing: str


class Named(NamedTuple):
    """A question at one's own venue that names something by its id: `{}` in the path or in the body."""

    thing: str
    method: str
    path: str
    body: Any
    status: int


_POINTING = {
    "placed_at": "2026-11-20T12:00:00Z", "currency": "GBP", "total": {"minor": 1, "currency": "GBP"},
    "customer": {"provider": "backline", "type": "customer", "id": "{}"},
}  # fmt: skip
_FIELDS = {"fields": {"note": "Likes jazz"}}
_SQUARE = "integrations/square"
OF_VENUES = [name for name, route in ROUTES.items() if route.kind in ("venue", "people", "both")]
# What is asked for by its id is not found. What narrows a choice by it chooses nothing, as an id of nothing does.
INSIDE = [
    Named("record", "get", "records/customer/{}", None, 404),
    Named("record", "patch", "records/customer/{}", _FIELDS, 404),
    Named("record", "delete", "records/customer/{}", None, 404),
    Named("record", "post", f"{_SQUARE}/mappings/test", {"object": "customer", "record": "{}"}, 200),
    Named("record", "post", "records/order", {"fields": _POINTING}, 201),
    Named("failing", "post", f"{_SQUARE}/sync/retry", {"records": ["{}"]}, 200),
    Named("run", "get", f"{_SQUARE}/sync/status?run={{}}", None, 404),
    Named("run", "get", f"{_SQUARE}/sync/history?run={{}}", None, 404),
    Named("run", "get", f"{_SQUARE}/sync/history?run={{}}&format=csv", None, 200),
    Named("run", "post", f"{_SQUARE}/sync/retry", {"run": "{}"}, 200),
    Named("token", "delete", "tokens/{}", None, 404),
    Named("template", "post", f"{_SQUARE}/mappings/apply-template", {"template": "{}", "strategy": "merge"}, 404),
    Named("event", "post", "integrations/webhooks/retry", {"ids": ["{}"]}, 200),
    Named("connection", "post", "integrations/webhooks/retry", {"filter": {"connection": "{}"}}, 200),
]  # fmt: skip


def furnished(house: House, slug: str) -> Things:
    """Make what a venue can have, and return what names it."""
    venue = house.venues[slug]
    connection: Connection = Connection.objects.get(venue=venue)
    run = UUID(int=connection.pk.int ^ 1)
    log_of(connection, run=run)
    dead_job(connection, run=run)
    versions.install_default(connection)
    return Things(
        record=str(_RECORDS[slug]), run=str(run), token=str(_token(venue, house.admins[slug], "Box office").row.pk),
        template=own_templates.keep(connection, ObjectType.CUSTOMER, "Ours").key, event=str(dead_event(connection).pk),
        connection=str(connection.pk), failing=str(failing_record(connection).record_id),
    )  # fmt: skip


def told_at(house: House, route: str, identity: str, slug: str) -> tuple[int, bytes]:
    """Return status and body of a route at a venue that may exist or not."""
    with taken_back():
        answer = call(house.clients[identity], route, Venue(slug=slug))
    return answer.status_code, _CHANGING.sub(b"", answer.content.replace(slug.encode(), b"VENUE"))


def told_of(house: House, named: Named, identity: str, thing: str) -> tuple[int, bytes]:
    """Return status and body of the answer about the thing, without what differs from one question to the next."""
    with taken_back():
        answer = getattr(house.clients[identity], named.method)(
            f"/api/v1/{named.path.replace('{}', thing)}", _filled(named.body, thing)
        )
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return answer.status_code, _CHANGING.sub(b"", body.replace(thing.encode(), b"THING"))


def unknown_like(thing: str) -> str:
    """Return an id of the same kind that nothing has."""
    return f"own-{UUID(_NOBODYS).hex}" if thing.startswith("own-") else _NOBODYS


def _filled(body: Any, thing: str) -> Any:
    return None if body is None else _each_text(body, lambda text: text.replace("{}", thing))


def _each_text(value: Any, made: Callable[[str], str]) -> Any:
    if isinstance(value, dict):
        return {name: _each_text(each, made) for name, each in value.items()}
    if isinstance(value, list):
        return [_each_text(each, made) for each in value]
    return made(value) if isinstance(value, str) else value
