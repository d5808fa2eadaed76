"""What is certain is put right by itself where the owner wished it; a lost field that must be filled is told, once."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from integrations.models import Venue
from mappings import templates, versions, watching
from mappings.models import FieldMapping, SchemaWatch
from monitoring import mails, overview
from syncing import schedule
from syncing.models import Record, Trigger
from tests.provider_sandbox import Sandbox
from tests.syncing.audience import Audience
from tests.syncing.working import settle

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def audience(sandbox: Sandbox, venue: Venue, owner: Any) -> Audience:
    templates.refresh()
    found = Audience(sandbox, venue, owner, members=12)
    schedule.start(found.connection, trigger=Trigger.OWNER)
    settle()
    found.look()
    return found


def names() -> set[str]:
    return set(Record.objects.filter(object_type="customer").values_list("fields__given_name", flat=True))


def require_phone(audience: Audience) -> None:
    """Let the venue say that a phone number must be there."""
    FieldMapping.objects.filter(direction="in", target="phone", object_type="customer").update(required=True)


def test_what_is_certain_is_put_right_by_itself_in_a_version_that_can_be_taken_back(audience: Audience) -> None:
    before = names()
    watching.let_mend(audience.connection, True)
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    due_at = audience.look().due_at
    assert due_at < timezone.now() + timedelta(minutes=6)  # once its values were read anew
    settle()
    audience.look()
    settle()
    assert (audience.held(), names()) == ({}, before)
    mended = FieldMapping.objects.in_force(audience.connection).get(direction="in", target="given_name")
    assert (mended.version, mended.author, mended.source) == (2, None, "merge_fields.GIVEN")
    assert mended.reason == "Given name in place of First Name (100 of 100)"


def test_without_the_owners_wish_nothing_is_put_right(audience: Audience) -> None:
    audience.edit("PATCH", "/1", name="Given name", tag="GIVEN")
    audience.look()
    assert (len(audience.held()), versions.in_force(audience.connection)) == (2, 1)


def test_a_field_that_is_gone_stays_held_whatever_was_wished(audience: Audience) -> None:
    watching.let_mend(audience.connection, True)
    audience.edit("DELETE", "/4")
    audience.look()
    assert audience.held().keys() == {("in", "phone"), ("out", "merge_fields.PHONE")}
    assert SchemaWatch.objects.get().decision_since is None


def test_a_lost_field_that_must_be_filled_is_shown_and_told_by_one_mail(
    audience: Audience, owner: Any, settings: Any
) -> None:
    settings.PUBLIC_URL = "https://hub.example.org"
    require_phone(audience)
    watching.let_mend(audience.connection, True)
    audience.edit("DELETE", "/4")
    audience.look()
    card = overview.for_venue(audience.connection.venue).card("mailchimp")
    assert (card.status, card.action.code) == ("needs_attention", "decide_fields")
    assert card.message.startswith("“Phone Number” is not offered any more. Customers wait until you choose")
    assert card.action.href == "/integrations/mailchimp/fields/customer/?venue=lantern-room&direction=in"
    assert (mails.ask_to_decide(), mails.ask_to_decide()) == (1, 0)
    (sent,) = mail.outbox
    assert (sent.subject, sent.to) == ("Mailchimp: a field needs your decision – The Lantern Room", [owner.email])
    for text in (str(sent.body), str(sent.alternatives[0][0])):
        assert "“Phone Number” is not offered any more." in text
        assert "Nothing was removed and nothing is lost" in text
        assert "https://hub.example.org/integrations/mailchimp/fields/customer/?venue=lantern-room" in text


def test_a_decision_ends_the_call_for_it_and_a_new_loss_is_told_anew(audience: Audience) -> None:
    require_phone(audience)
    audience.edit("DELETE", "/4")
    audience.look()
    mails.ask_to_decide()
    FieldMapping.objects.filter(direction="in", target="phone").update(paused_reason="", lost=None)
    SchemaWatch.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    audience.look()
    watch = SchemaWatch.objects.get()
    assert (watch.decision_since, watch.decision, watch.owner_told_at) == (None, None, None)
    assert overview.for_venue(audience.connection.venue).card("mailchimp").status != "needs_attention"
