"""The page on which a person says whether two records are one."""

import pytest
from django.contrib.auth.models import User

from connections.models import Connection
from integrations.providers.types import ObjectType
from syncing import own
from syncing.models import Record
from syncing.own import Entry
from tests.pages.conftest import SignedIn
from tests.pages.reading import Page

DUPLICATES = "/integrations/duplicates/"
Both = list[Record]


@pytest.fixture
def both(connection: Connection) -> Both:
    """Two people with one address."""
    for name in ("Zoë", "Zoe <b>"):
        entry = Entry({"email": "zoe@example.test", "given_name": name, "family_name": "O’Hara"})
        own.upsert(connection.venue, ObjectType.CUSTOMER, [entry], actor=None)
    return list(Record.objects.order_by("pk"))


def say(both: Both, word: str) -> dict[str, str]:
    return {"first": str(both[0].pk), "second": str(both[1].pk), "say": word}


def test_both_stand_side_by_side(both: Both, operator: User, as_user: SignedIn) -> None:
    page = Page(as_user(operator).get(DUPLICATES).content.decode())
    assert page.faults == []
    for words in ("1 possible duplicate", "Zoë O’Hara", "Zoe <b> O’Hara", "zoe@example.test", "The same customer"):
        assert words in page.words
    records = as_user(operator).get("/integrations/records/customer/").content.decode()
    assert "Some customers may be in here twice." in Page(records).words


def test_the_same_become_one(both: Both, operator: User, as_user: SignedIn) -> None:
    answer = as_user(operator).post(DUPLICATES, say(both, "same"), follow=True)
    words = Page(answer.content.decode()).words
    assert "is one record now. What both knew is kept and sent on." in words
    assert "No possible duplicates" in words
    assert Record.objects.live().count() == 1


def test_two_stay_two(both: Both, operator: User, as_user: SignedIn) -> None:
    answer = as_user(operator).post(DUPLICATES, say(both, "apart"), follow=True)
    assert "They stay two records." in Page(answer.content.decode()).words
    assert Record.objects.live().count() == 2


@pytest.mark.parametrize("sent", [{}, {"first": "x", "second": "y"}])
def test_what_is_no_pair_changes_nothing(both: Both, operator: User, as_user: SignedIn, sent: dict[str, str]) -> None:
    answer = as_user(operator).post(DUPLICATES, sent | {"say": "same"}, follow=True)
    assert "no possible duplicates any more" in Page(answer.content.decode()).words
    assert Record.objects.live().count() == 2


def test_a_viewer_may_not_decide_and_a_stranger_finds_nothing(
    both: Both, viewer: User, stranger: User, as_user: SignedIn
) -> None:
    assert as_user(viewer).get(DUPLICATES).status_code == 403
    assert as_user(viewer).post(DUPLICATES, say(both, "same")).status_code == 403
    venue = {"venue": both[0].venue.slug}
    assert as_user(stranger).post(DUPLICATES, say(both, "same") | venue).status_code == 404
    assert Record.objects.live().count() == 2
