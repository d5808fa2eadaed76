"""The door to healing: what would mend a held rule, with its reasons, and what is accepted comes into force."""

from typing import Any

import pytest

from integrations.models import Venue
from mappings import templates, versions
from syncing import schedule
from syncing.models import Record, Trigger
from tests.api.conftest import SignedIn
from tests.api.described import assert_as_described
from tests.provider_sandbox import Sandbox
from tests.syncing.audience import Audience
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
HEAL = "/api/v1/integrations/mailchimp/mappings/heal"
CUSTOMER = {"object": "customer"}


@pytest.fixture
def renamed(sandbox: Sandbox, venue: Venue, owner: Any) -> Audience:
    """Contacts were read; then the tag of their first name became GIVEN, and that was seen."""
    templates.refresh()
    audience = Audience(sandbox, venue, owner, members=12)
    schedule.start(audience.connection, trigger=Trigger.OWNER)
    settle()
    audience.look()
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    audience.look()
    settle()
    return audience


def names() -> set[str]:
    return set(Record.objects.filter(object_type="customer").values_list("fields__given_name", flat=True))


def test_proposals_are_told_with_their_points_and_change_nothing(
    as_user: SignedIn, owner: Any, renamed: Audience, openapi: dict[str, Any]
) -> None:
    answer = as_user(owner).post(HEAL, CUSTOMER)
    told = answer.json()
    assert [(each["direction"], each["target"]) for each in told["held"]] == [
        ("in", "given_name"), ("out", "merge_fields.FNAME"),
    ]  # fmt: skip
    best = told["held"][0]["proposals"][0]
    assert (best["id"], best["score"], best["verdict"], best["lossless"]) == ("in:given_name:1", 100, "apply", True)
    assert sum(best["points"].values()) == 100
    assert best["reasons"]
    assert (told["version"], told["applied"], versions.in_force(renamed.connection)) == (1, [], 1)
    assert_as_described(openapi, answer, "/api/v1/integrations/{provider}/mappings/heal/", "post")


def test_what_is_safe_comes_into_force_and_nothing_is_lost_meanwhile(
    as_user: SignedIn, owner: Any, renamed: Audience
) -> None:
    before = names()
    told = as_user(owner).post(HEAL, CUSTOMER | {"apply": ["safe"]}).json()
    assert (told["version"], sorted(told["applied"]), told["held"]) == (
        2, ["in:given_name:1", "out:merge_fields.FNAME:1"], [],
    )  # fmt: skip
    settle()
    assert (renamed.held(), names()) == ({}, before)


def test_a_proposal_that_is_not_there_any_more_is_refused(as_user: SignedIn, owner: Any, renamed: Audience) -> None:
    client = as_user(owner)
    assert client.post(HEAL, CUSTOMER | {"apply": ["in:given_name:9"]}).json()["code"] == "not_found"
    client.post(HEAL, CUSTOMER | {"apply": ["in:given_name:1"]})
    assert client.post(HEAL, CUSTOMER | {"apply": ["in:given_name:1"]}).json()["code"] == "not_found"
    assert versions.in_force(renamed.connection) == 2
