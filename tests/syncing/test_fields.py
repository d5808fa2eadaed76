"""Fields are looked at when they are due, what changed is noted, and a rule that broke is held alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from connections.models import Connection
from integrations.models import Venue
from integrations.providers.types import Field, ObjectType
from mappings import templates, versions, watching
from mappings.models import FieldMapping, SchemaWatch
from syncing import fields
from tests.provider_sandbox import Sandbox
from tests.syncing.audience import Audience

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER


@pytest.fixture
def audience(sandbox: Sandbox, venue: Venue, owner: Any) -> Audience:
    templates.refresh()
    return Audience(sandbox, venue, owner)


def test_a_new_connection_is_looked_at_by_one_call(audience: Audience, sandbox: Sandbox) -> None:
    sandbox.clear_log()
    assert fields.look_at_due() == 1
    watch = SchemaWatch.objects.get(connection=audience.connection)
    known = {each["id"]: each for each in watch.fields["customer"]}
    assert sandbox.calls() == 1
    assert (known["merge_fields.FNAME"]["stable"], "merge_fields.COMPANY" in known) == ("1", False)
    assert (watch.changes, audience.held()) == ([], {})
    assert fields.look_at_due() == 0


def test_a_renamed_field_holds_its_rules_alone_and_says_why(audience: Audience) -> None:
    audience.look()
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    watch = audience.look()
    why = "“First Name” goes by another name now: “Given name”."
    assert audience.held() == {("in", "given_name"): why, ("out", "merge_fields.FNAME"): why}
    assert [(each["kind"], each["field"], each["sentence"]) for each in watch.changes] == [
        ("renamed", "merge_fields.FNAME", why)
    ]
    mapper = versions.mapper_for(audience.connection, CUSTOMER)
    assert mapper({"merge_fields.FNAME": "Mia", "merge_fields.LNAME": "Kovac"}).fields == {"family_name": "Kovac"}


def test_a_field_that_comes_back_lets_its_rules_go_on(audience: Audience) -> None:
    audience.look()
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    audience.look()
    audience.edit("PATCH", "/1", name="First Name", tag="FNAME")
    audience.look()
    assert audience.held() == {}


def test_a_removed_field_is_told_and_looked_at_twice_it_is_told_once(audience: Audience) -> None:
    audience.look()
    audience.edit("DELETE", "/4")
    audience.look()
    watch = audience.look()
    assert [each["sentence"] for each in watch.changes] == ["“Phone Number” is not offered any more."]
    assert audience.held().keys() == {("in", "phone"), ("out", "merge_fields.PHONE")}


def test_another_audience_is_no_change_of_fields(audience: Audience) -> None:
    watch = audience.look()
    other = Field("merge_fields.OTHER", "Other", stable="1", writable=True)
    assert watching.seen(watch, live={CUSTOMER: [other]}, stored={}, chosen={"audience": ["b"]}) == []
    assert audience.held() == {}


def test_a_provider_that_does_not_answer_leaves_what_was_known(audience: Audience, sandbox: Sandbox) -> None:
    known = audience.look().fields
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": "status", "status": 500, "times": 20})
    SchemaWatch.objects.update(due_at=timezone.now())
    seen = fields.look_at_due()
    sandbox.ask("DELETE", "/faults")
    assert seen == 0
    watch = SchemaWatch.objects.get()
    assert (watch.fields, bool(watch.problem), watch.due_at > timezone.now()) == (known, True, True)


def test_what_must_be_filled_waits_while_its_rule_is_held(connection: Connection) -> None:
    versions.install_default(connection)
    row = FieldMapping.objects.get(connection=connection, object_type="payment", target="amount", direction="in")
    lost = {"id": "amount_money", "label": "Amount", "type": "money"}
    FieldMapping.objects.filter(pk=row.pk).update(paused_reason="“Amount” is not offered any more.", lost=lost)
    mapped = versions.mapper_for(connection, ObjectType.PAYMENT)({"amount_money": 5})
    assert [(each.target, each.required) for each in mapped.remarks if each.target == "amount"] == [("amount", True)]


def test_a_refused_field_lets_the_fields_be_looked_at_again_but_not_at_once(connection: Connection) -> None:
    now = timezone.now()
    watch = SchemaWatch.objects.create(connection=connection, taken_at=now, due_at=now + timedelta(days=1))
    assert not watching.ask_again(connection)
    SchemaWatch.objects.filter(pk=watch.pk).update(taken_at=now - timedelta(hours=1))
    assert watching.ask_again(connection)
    assert not watching.ask_again(connection)
