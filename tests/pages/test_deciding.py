"""The page on which a person decides between two values."""

import pytest
from django.contrib.auth.models import User

from connections.models import Connection
from syncing.models import LinkState, Record, RecordLink
from tests.pages import rows
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

DECIDE = "/integrations/decide/"
CLASH = {"path": "phone", "base": "+447700900000", "ours": "+447700900001", "theirs": "+447700900002"}


@pytest.fixture
def link(connection: Connection) -> RecordLink:
    """A person whose phone number was changed on both sides."""
    rows.record(connection, given_name="Zoë", family_name="O’Hara", phone=CLASH["ours"])
    found = RecordLink.objects.get(record__fields__given_name="Zoë")
    sentence = "Phone was changed in Square and here since the last sync."
    found.state, found.problem = LinkState.CONFLICT, {"class": "conflict", "sentence": sentence, "clashes": [CLASH]}
    found.save(update_fields=["state", "problem"])
    return found


def test_both_values_stand_side_by_side(link: RecordLink, operator: User, as_user: SignedIn) -> None:
    page = Page(as_user(operator).get(DECIDE).content.decode())
    assert page.faults == []
    for words in ("1 record changed on both sides", "Zoë O’Hara", CLASH["ours"], CLASH["theirs"], "in Square"):
        assert words in page.words


def test_the_choice_is_taken_and_nothing_is_left(link: RecordLink, operator: User, as_user: SignedIn) -> None:
    client = as_user(operator)
    answer = client.post(DECIDE, {"link": link.pk, "choice:phone": "theirs"}, follow=True)
    assert "Your choice was saved and is sent on." in Page(answer.content.decode()).words
    assert "Nothing to decide" in Page(answer.content.decode()).words
    assert Record.objects.get().fields["phone"] == CLASH["theirs"]
    link.refresh_from_db()
    assert (link.state, link.problem) == (LinkState.IN_STEP, None)


@pytest.mark.parametrize("choice", [{}, {"choice:email": "ours"}, {"choice:phone": "both"}])
def test_what_is_no_choice_changes_nothing(
    link: RecordLink, operator: User, as_user: SignedIn, choice: dict[str, str]
) -> None:
    answer = as_user(operator).post(DECIDE, {"link": link.pk, **choice}, follow=True)
    assert "Choose a value for a field that both sides changed." in Page(answer.content.decode()).words
    link.refresh_from_db()
    assert link.state == LinkState.CONFLICT


def test_a_viewer_may_not_decide_and_a_stranger_finds_nothing(
    link: RecordLink, viewer: User, stranger: User, as_user: SignedIn
) -> None:
    assert as_user(viewer).get(DECIDE).status_code == 403
    assert as_user(viewer).post(DECIDE, {"link": link.pk, "choice:phone": "ours"}).status_code == 403
    venue = link.connection.venue.slug
    assert as_user(stranger).post(DECIDE, {"venue": venue, "link": link.pk, "choice:phone": "ours"}).status_code == 404
    link.refresh_from_db()
    assert link.state == LinkState.CONFLICT
