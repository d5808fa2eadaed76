"""The API to the letter, each point that was promised seen working.

`./backline prove api` runs all of them at full size and prints a line for each; the quick ones belong to
`./backline test`, smaller.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks import serving
from connections.models import Connection
from integrations.models import ApiIdempotencyKey, AuditEntry
from syncing.models import Record
from tests.api.at_once import assert_one_effect, at_once
from tests.api.conftest import openapi as openapi
from tests.factories import VenueFactory
from tests.proofs import assignments, examples, fuzzing, matrix
from tests.proofs.conftest import Point
from tests.proofs.house import ROOT, database_url
from tests.provider_sandbox import Sandbox
from tests.walls import rows, test_walls

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
FULL = os.environ.get("PROOFS") == "full"
CLIENTS = 20
EXAMPLES = 50 if FULL else 3


def environment(**more: str) -> dict[str, str]:
    """Return what a web server of its own needs on the test's database; no provider is there."""
    return os.environ | {
        "DATABASE_URL": database_url(), "SANDBOX_URL": "http://127.0.0.1:9", "SECURE_SSL_REDIRECT": "false",
        "ALLOWED_HOSTS": "127.0.0.1", "LOG_LEVEL": "ERROR", "MALLOC_ARENA_MAX": "2",
        "API_REQUESTS_PER_MINUTE": "1000000", "API_WRITES_PER_MINUTE": "1000000", **more,
    }  # fmt: skip


@pytest.mark.parametrize("identity", ["owner", "viewer", "staff"])
def test_whatever_is_asked_is_answered_as_described(
    request: pytest.FixtureRequest, identity: str, connection: Connection, tmp_path: Path, point: Point
) -> None:
    person: Any = request.getfixturevalue(identity)
    if identity == "staff":
        person.is_superuser = True
        person.save()
    with serving.server(environment()) as (port, _):
        tried = fuzzing.tried(port, person, tmp_path, examples=EXAMPLES)
    assert tried.found == [], tried.told[-6000:]
    assert tried.calls > 2_000
    assert {200, 400, 401, 404, 405} <= tried.statuses.keys()
    let_in = sum(tried.statuses[each] for each in (200, 201, 202, 204, 400, 404, 409, 422))
    assert let_in > tried.calls / (8 if identity == "viewer" else 3)
    point(f"{tried.calls:,} calls, {dict(sorted(tried.statuses.items()))}: nothing that is not described")


@pytest.fixture
def _without_limits(settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = settings.API_WRITES_PER_MINUTE = 1_000_000


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_limits")
def test_everybody_is_answered_at_each_venue_as_the_table_says(point: Point) -> None:
    house, cells = matrix.built(), matrix.cells()
    wrong = [
        (*cell, declared, status)
        for cell in cells
        if (status := matrix.answered(house, cell)) != (declared := matrix.declared(cell))
    ]
    assert not wrong, "\n".join(map(str, wrong))
    assert len(cells) >= 600
    point(f"{len(cells)} cells of {len(matrix.IDENTITIES)} identities at two venues, {len(wrong)} of them otherwise")


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_limits")
def test_what_lies_inside_another_venue_is_told_of_like_what_does_not_exist(point: Point) -> None:
    house, asked, wrong = matrix.built(), 0, []
    things = {slug: matrix.furnished(house, slug) for slug in house.venues}
    for named in matrix.INSIDE:
        theirs = getattr(things[matrix.THEIRS], named.thing)
        for identity in ("owner", "token"):
            told = matrix.told_of(house, named, identity, theirs)
            unknown = matrix.told_of(house, named, identity, matrix.unknown_like(theirs))
            asked += 1
            if told != unknown or told[0] not in (named.status, 403):
                wrong.append((named, identity, told, unknown))
    assert not wrong, "\n".join(map(str, wrong))
    point(f"{asked} questions by the ids of {len({each.thing for each in matrix.INSIDE})} kinds of things, no hint")


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_limits")
def test_a_foreign_venue_is_told_of_like_one_that_does_not_exist(point: Point) -> None:
    house, members = matrix.built(), ("viewer", "operator", "owner", "token", "staff")
    told = {
        (name, identity): [matrix.told_at(house, name, identity, slug) for slug in (matrix.THEIRS, "nowhere-at-all")]
        for name in matrix.OF_VENUES
        for identity in members
    }
    assert {asked: both for asked, both in told.items() if both[0] != both[1]} == {}
    point(f"{len(told)} pairs of questions, each answered byte for byte alike")


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_limits")
def test_no_column_can_be_set_that_the_contract_does_not_name(
    openapi: dict[str, Any], settings: Any, point: Point
) -> None:
    settings.PROVIDER_APPS = {"stripe": {"client_id": "ca_proof", "client_secret": "sk_test_proof"}}
    tally, wrong = assignments.tried(assignments.Stage(openapi), one_in=1 if FULL else 10)
    assert assignments.routes_left_out() == set()
    assert not wrong, "\n".join(map(str, wrong[:60]))
    point(
        f"{tally.combinations:,} combinations of place and column in {tally.requests:,} requests; {tally.named:,} of "
        f"them with a name that the contract has, {tally.unread:,} with a body that nobody reads, all others refused "
        "by name; no table changed that should not"
    )


def test_each_example_is_what_the_description_promises(openapi: dict[str, Any], point: Point) -> None:
    wrong = list(examples.wrong_examples(openapi))
    assert not wrong, "\n".join(wrong)
    point("every example of every body and answer is valid against its schema")


@pytest.mark.django_db
@pytest.mark.usefixtures("_without_limits")
def test_each_answer_has_the_shape_of_its_documented_example(
    sandbox: Sandbox, openapi: dict[str, Any], point: Point
) -> None:
    told, documented = examples.collected(sandbox), examples.documented(openapi)
    assert {each.place for each in told} == set(documented) - set(examples.OUT_OF_REACH)
    differ = [(each.place, examples.unlike(openapi, documented[each.place], each)) for each in told]
    assert not any(found for _, found in differ), "\n".join(f"{place}: {found}" for place, found in differ if found)
    point(f"{len(told)} answers of {len({each.operation for each in told})} operations, {len(documented)} documented")


@pytest.mark.django_db
def test_without_any_filter_the_database_shows_and_changes_nothing_of_another_venue(point: Point) -> None:
    ours, theirs = VenueFactory(), VenueFactory()
    for venue in (ours, theirs):
        rows.one_of_each(venue)
    tables = rows.of_a_venue()
    for model in tables:
        test_walls.test_a_forgotten_filter_shows_nothing_of_another_venue(model, ours, theirs)
        test_walls.test_nothing_of_another_venue_is_changed_or_deleted(model, ours, theirs)
        test_walls.test_nothing_is_put_into_another_venue(model, ours, theirs)
    point(f"{len(tables)} tables, each read, changed, emptied and written to without a filter")


def test_twenty_clients_with_one_key_have_one_effect(operator: Any, point: Point) -> None:
    with serving.server(environment()) as (port, _):
        url = f"http://127.0.0.1:{port}/api/v1/records/customer"
        answers = at_once(url, operator, {"fields": {"given_name": "Zoë"}}, key="one-key-for-all", clients=CLIENTS)
    assert_one_effect(answers)
    assert (Record.objects.count(), AuditEntry.objects.count(), ApiIdempotencyKey.objects.count()) == (1, 1, 1)
    point(f"{CLIENTS} clients at once over HTTP: 1 record, 1 row in the audit, {CLIENTS - 1} told the same answer")


@pytest.mark.skipif(not FULL, reason="takes minutes and judges time: ./backline prove api")
def test_the_widget_is_as_quick_beside_a_million_runs(point: Point) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "benchmarks.widget"],
        cwd=ROOT, env=os.environ | {"DATABASE_URL": database_url()}, capture_output=True, text=True, timeout=1200,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout + run.stderr[-2000:]
    point(run.stdout.strip())
