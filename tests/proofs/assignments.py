"""Can a field of a row be set that the contract does not name? Each is sent to each route that changes something.

Every column of our tables and of the accounts is sent as one more field of a body that is in order, at each place where
that body has fields. It is refused by its name, or it is one that the contract names; and of all tables only those
change that the same request changes without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.apps import apps
from django.contrib.auth.models import User
from django.db import connection as database
from django.db import models
from psycopg import sql
from rest_framework.test import APIClient

from connections.models import Connection
from integrations.providers.types import ObjectType
from mappings import canonical, rules, versions
from tests.api.described import forms
from tests.api.test_audit import CHANGES, LOOKS
from tests.api.test_routes import BATCH, RECORD, ROUTES, TOKEN
from tests.proofs import matrix
from tests.proofs.matrix import OURS, House, taken_back
from tests.walls.rows import APPS

Step = str | int
_NOTED = ("audit_entries", "api_idempotency_keys", "django_session")  # who called, and not what came of it
_SQUARE = {"filter": {"provider": "square"}}
_NELL = {"fields": {"given_name": "Nell", "address": {"city": "York"}}}
_RULE = {"object": "customer", "source": "note", "target": "note"}


_TRANSFORM: tuple[Step, ...] = ("rules", 0, "transforms", 0)


class Target(NamedTuple):
    """A route, a body that is in order there, and the places where it has fields."""

    route: str
    body: dict[str, Any]
    places: tuple[tuple[Step, ...], ...] = ((),)
    status: int = 200


# One for each route that takes a body, with the answer to it; several where a body has several forms. Some are
# refused for what they ask for, and only after every field was looked at.
TARGETS = [
    Target("api-events-retry", _SQUARE, ((), ("filter",)), status=202),
    Target("api-force-sync", _SQUARE, ((), ("filter",)), status=202),
    Target("api-clear-queue", _SQUARE, ((), ("filter",)), status=409),
    Target("api-restore", {"batch": BATCH}, status=404),
    Target("api-dead-letter", _SQUARE | {"action": "retry"}, ((), ("filter",)), status=202),
    Target("api-recover-stale", {}),
    Target("api-health-test", {}),
    Target("api-connect", {"method": "oauth", "config": {"chosen": {}}}, ((), ("config",), ("config", "chosen")), 201),
    Target("api-disconnect", {"revoke": False}),
    Target("api-reconnect", {}, status=409),
    Target("api-key", {"api_key": "not-a-key"}, status=422),
    Target("api-refresh", {}),
    Target("api-sync", {}, status=202),
    Target("api-sync-preview", {"objects": ["customer"]}, status=409),
    Target("api-sync-stop", {}),
    Target("api-sync-retry", {}, status=202),
    Target("api-mappings save", {"rules": [], "confirmed": True}, ((), ("rules", 0), _TRANSFORM)),
    Target("api-mappings-test", {"object": "customer", "rules": [_RULE]}, ((), ("rules", 0))),
    Target("api-mappings-templates keep", {"object": "customer", "name": "Ours as well"}, status=201),
    Target("api-mappings-apply", {"template": "square-customer", "strategy": "merge"}),
    Target("api-mappings-heal", {"object": "customer"}),
    Target("api-mappings-reset", {}),
    Target("api-records write", _NELL, ((), ("fields",), ("fields", "address")), status=201),
    Target("api-records write", {"records": [_NELL]}, ((), ("records", 0), ("records", 0, "fields"))),
    Target("api-record change", _NELL, ((), ("fields",), ("fields", "address"))),
    Target("api-record delete", {}),
    Target("api-tokens make", {"name": "Till"}, status=201),
    Target("api-token revoke", {}, status=204),
]
_NEEDS_A_PROVIDER = {"api-health-test"}  # not sent as it is: what it does is ask there
_WITHOUT_BODY = {"api-record delete", "api-token revoke"}  # nobody reads what comes with them


class Column(NamedTuple):
    """A name that a client may try, and a value that its column would take."""

    name: str
    value: Any


@dataclass
class Tally:
    """What was sent: requests, combinations of place and column that they stand for, and the requests with a name that
    the contract has, or with a body that nobody reads."""

    requests: int = 0
    combinations: int = 0
    named: int = 0
    unread: int = 0


def routes_left_out() -> set[str]:
    """Return the routes that change something, or take a body, and are in no target."""
    return {*CHANGES, *LOOKS} - {each.route for each in TARGETS}


def columns() -> list[tuple[Column, int]]:
    """Return every column to try, with how many models have it so."""
    found: dict[tuple[str, str], tuple[Column, int]] = {}
    for field in _fields():
        for name in dict.fromkeys((field.name, field.attname)):
            column = Column(name, _value(field))
            key = name, repr(column.value)
            found[key] = column, found.get(key, (column, 0))[1] + 1
    return list(found.values())


def _fields() -> Iterator["models.Field[Any, Any]"]:
    for model in (*(each for each in apps.get_models() if each._meta.app_label in APPS), User):
        yield from model._meta.concrete_fields


def _value(field: "models.Field[Any, Any]") -> Any:
    if field.choices:
        return field.flatchoices[0][0]
    kind = field.target_field.get_internal_type() if field.is_relation else field.get_internal_type()
    if "Integer" in kind or "Auto" in kind:
        return 1
    return _BY_KIND.get(kind, "x")


_BY_KIND: dict[str, Any] = {
    "BooleanField": True, "JSONField": {"x": "y"}, "ArrayField": ["manage"], "DateField": "2026-11-20",
    "DateTimeField": "2026-11-20T12:00:00Z", "UUIDField": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e01",
}  # fmt: skip


class Stage:
    """Two venues with all that there can be, and who may do everything at one of them and over both."""

    def __init__(self, openapi: dict[str, Any]) -> None:
        self.house: House = matrix.built()
        self.things = matrix.furnished(self.house, OURS)
        matrix.furnished(self.house, matrix.THEIRS)
        self.targets = [
            each._replace(body=each.body | self._rules()) if each.route == "api-mappings save" else each
            for each in TARGETS
        ]
        self._openapi = openapi

    def _rules(self) -> dict[str, Any]:
        """Return the rules in force without one, and first of them one that has a transform."""
        connection = Connection.objects.get(venue=self.house.venues[OURS])
        found = [rules.as_json(each) for each in rules.of(connection, versions.in_force(connection))]
        fewer = [each for each in found if (each["object"], each["target"]) != ("customer", "note")]
        return {"rules": sorted(fewer, key=lambda each: (each["object"], each["target"]) != ("customer", "email"))}

    def send(self, target: Target, body: Any) -> Any:
        """Return the answer to a body."""
        route = ROUTES[target.route]
        path = route.path.replace(TOKEN, self.things.token)
        path = path.replace("connect/square", "connect/stripe")  # Square is connected
        client: APIClient = self.house.clients["staff" if route.kind == "team" else "owner"]
        headers = {"If-Match": '"1"'} if route.method == "put" else {}
        return getattr(client, route.method)(f"/api/v1/{path}", body, headers=headers)

    def named(self, target: Target, place: tuple[Step, ...]) -> set[str]:
        """Return the fields that the contract names at a place of the body."""
        if target.route in _WITHOUT_BODY:
            return set()
        if place == _TRANSFORM:
            return {"name"}
        if "fields" in place:
            above = ".".join(map(str, place[place.index("fields") + 1 :]))
            return _canonical(above + "." if above else "")
        path, method = _documented(target.route)
        content = self._openapi["paths"][path][method]["requestBody"]["content"]["application/json"]
        return _properties(self._openapi, content["schema"], place)

    def unchanged_but(self, target: Target) -> set[str]:
        """Return the tables that the request changes as it is."""
        if target.route in _NEEDS_A_PROVIDER:
            return set()
        before = digests()
        with taken_back():
            status = self.send(target, target.body).status_code
            after = digests()
        if status != target.status:
            raise AssertionError(f"{target.route} answers {status} to {target.body}")
        return {name for name, digest in after.items() if before[name] != digest}


def tried(stage: Stage, *, one_in: int = 1) -> tuple[Tally, list[Any]]:
    """Return what was sent, and what went through or changed what it may not. `one_in`: of so many columns one."""
    tally, wrong, every = Tally(), [], columns()
    for number, target in enumerate(stage.targets):
        may_change = stage.unchanged_but(target)
        for place in target.places:
            named, before = stage.named(target, place), digests()
            with taken_back():  # so that what went through is not in the way of the next place
                for column, count in every[number % one_in :: one_in]:
                    tally.requests, tally.combinations = tally.requests + 1, tally.combinations + count
                    tally.named += column.name in named
                    tally.unread += target.route in _WITHOUT_BODY
                    if column.name in named or target.route in _WITHOUT_BODY:
                        wrong += _named(stage, target, place, column, before, may_change)
                    elif not _refused(stage.send(target, _with(target.body, place, column)), place, column):
                        wrong.append((target.route, place, column, "was not refused by its name"))
                if digests() != before:
                    wrong.append((target.route, place, "something changed though all was refused"))
    return tally, wrong


def _named(
    stage: Stage, target: Target, place: tuple[Step, ...], column: Column, before: dict[str, str], may_change: set[str]
) -> list[Any]:
    """Return what a field changed that the request does not change without it."""
    with taken_back():
        answer = stage.send(target, _with(target.body, place, column))
        after = digests()
    changed = {name for name, digest in after.items() if before[name] != digest}
    more = changed - may_change
    return [(target.route, place, column, answer.status_code, sorted(more))] if more else []


def _refused(answer: Any, place: tuple[Step, ...], column: Column) -> bool:
    """Return whether the field is refused by its name: in the pointer, or in the sentence about what it lies in."""
    told = answer.json()
    if answer.status_code == 200 and told.get("counts", {}).get("refused") == 1:  # each record is judged by itself
        return f"/records/0{told['results'][0]['errors'][0]['pointer']}" == _pointer(place, column)
    if (answer.status_code, told.get("code")) not in ((400, "validation_failed"), (422, "mapping_broken")):
        return False
    return any(
        each["pointer"] == _pointer(place, column)
        or (_pointer(place, column).startswith(f"{each['pointer']}/") and _quotes(each["detail"], column.name))
        for each in told["errors"]
    )


def _quotes(sentence: str, name: str) -> bool:
    return f"“{name}”" in sentence or f"'{name}'" in sentence


def _pointer(place: tuple[Step, ...], column: Column) -> str:
    return "/" + "/".join(map(str, (*place, column.name)))


def _with(body: Any, place: tuple[Step, ...], column: Column) -> Any:
    """Return the body with one more field."""
    if not place:
        return body | {column.name: column.value}
    first, *rest = place
    if isinstance(body, list):
        return [_with(each, tuple(rest), column) if at == first else each for at, each in enumerate(body)]
    return body | {first: _with(body[first], tuple(rest), column)}


def _canonical(above: str) -> set[str]:
    """Return the fields of a customer at a place."""
    paths = [each.path for each in canonical.OBJECTS[ObjectType.CUSTOMER].fields]
    return {each.removeprefix(above).split(".")[0] for each in paths if each.startswith(above)}


def _documented(route: str) -> tuple[str, str]:
    path = (
        ROUTES[route]
        .path.rstrip("/")
        .replace("square", "{provider}")
        .replace("records/customer", "records/{object_type}")
    )
    return f"/api/v1/{path.replace(RECORD, '{record}').replace(TOKEN, '{token}')}/", ROUTES[route].method


def _properties(openapi: dict[str, Any], schema: dict[str, Any], place: tuple[Step, ...]) -> set[str]:
    found = forms(openapi, schema)
    if not place:
        return {name for form in found for name in form.get("properties", {})}
    first, rest = place[0], place[1:]
    below = (
        [form["items"] for form in found if "items" in form]
        if isinstance(first, int)
        else [form["properties"][first] for form in found if first in form.get("properties", {})]
    )
    return {name for each in below for name in _properties(openapi, each, rest)}


def digests() -> dict[str, str]:
    """Return a digest of all rows of each table, by one statement."""
    with database.cursor() as cursor:
        tables = sorted({*database.introspection.table_names(cursor)} - {*_NOTED})
        cursor.execute(sql.SQL(" UNION ALL ").join(map(_digest_of, tables)))
        return dict(cursor.fetchall())


def _digest_of(table: str) -> sql.Composed:
    digest = sql.SQL("SELECT {}, md5(string_agg(row::text, E'\\n' ORDER BY row::text)) FROM {} row")
    return digest.format(table, sql.Identifier(table))
