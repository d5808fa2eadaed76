"""A rule that is held is mended by what its owner accepts: in a new version, with all others as they were."""

from typing import Any

import pytest

from integrations.models import Venue
from integrations.problems import Problem
from integrations.providers.types import ObjectType
from mappings import mending, templates, versions
from mappings.healing import Proposal
from mappings.models import FieldMapping
from syncing import fields, schedule
from syncing.models import Record, Trigger
from tests.provider_sandbox import Sandbox
from tests.syncing.audience import Audience
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER = ObjectType.CUSTOMER
Chosen = list[tuple[FieldMapping, Proposal]]


@pytest.fixture
def renamed(sandbox: Sandbox, venue: Venue, owner: Any) -> Audience:
    """Contacts were read; then the tag of their first name became GIVEN. That was seen, so they were read again."""
    templates.refresh()
    audience = Audience(sandbox, venue, owner, members=12)
    schedule.start(audience.connection, trigger=Trigger.OWNER)
    settle()
    audience.look()
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    audience.look()
    settle()
    return audience


def best(audience: Audience) -> Chosen:
    found = fields.proposals(audience.connection, CUSTOMER).diagnoses
    rows = FieldMapping.objects.in_force(audience.connection).filter(object_type=CUSTOMER)
    first = {(each.broken.is_out, each.broken.rule.target): each.proposals[0] for each in found}
    return [(row, first[place]) for row in rows if (place := (row.direction == "out", row.target)) in first]


def test_what_was_read_before_stays_while_the_rule_is_held(renamed: Audience) -> None:
    kept = Record.objects.filter(object_type=CUSTOMER).values_list("fields", flat=True)
    names = [each.get("given_name") for each in kept]
    assert len(names) == 12
    assert all(names)


def test_the_renamed_field_is_certain_by_its_number_and_its_values(renamed: Audience) -> None:
    chosen = best(renamed)
    assert {(row.direction, proposal.fields[0].id, proposal.score) for row, proposal in chosen} == {
        ("in", "merge_fields.GIVEN", 100), ("out", "merge_fields.GIVEN", 100),
    }  # fmt: skip


def test_what_is_accepted_is_in_force_in_a_new_version(renamed: Audience, owner: Any) -> None:
    before = list(FieldMapping.objects.in_force(renamed.connection).values_list("object_type", "direction", "target"))
    assert mending.accept(renamed.connection, CUSTOMER, best(renamed), by=owner) == 2
    after = FieldMapping.objects.in_force(renamed.connection)
    assert (len(after), renamed.held()) == (len(before), {})
    (mended,) = after.filter(direction="in", target="given_name", object_type=CUSTOMER)
    assert (mended.source, mended.author, mended.reason) == (
        "merge_fields.GIVEN", owner, "Given name in place of First Name (100 of 100)",
    )  # fmt: skip
    mapper = versions.mapper_for(renamed.connection, CUSTOMER)
    assert mapper({"merge_fields.GIVEN": "Mia"}).fields == {"given_name": "Mia"}


def test_what_was_shown_of_an_older_version_is_refused(renamed: Audience, owner: Any) -> None:
    chosen = best(renamed)
    mending.accept(renamed.connection, CUSTOMER, chosen, by=owner)
    with pytest.raises(Problem, match="changed meanwhile"):
        mending.accept(renamed.connection, CUSTOMER, chosen, by=owner)
    assert FieldMapping.objects.in_force(renamed.connection).first().version == 2
