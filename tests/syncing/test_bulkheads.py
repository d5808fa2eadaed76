"""The bulkheads: neither one provider nor one venue ever holds all the workers."""

from contextlib import ExitStack
from typing import Any

import pytest

from integrations.providers.types import ObjectType
from syncing import bulkheads, queue
from syncing.models import SyncJob, Trigger
from tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db(transaction=True)
CUSTOMER, PRODUCT, ORDER = ObjectType.CUSTOMER, ObjectType.PRODUCT, ObjectType.ORDER


def waiting(provider: str, *objects: ObjectType) -> None:
    queue.enqueue(ConnectionFactory(provider=provider), objects or [CUSTOMER], trigger=Trigger.SCHEDULE)


def providers(held: ExitStack, number: int) -> list[str]:
    """Claim so many and hold them; return whose they were, "" for none."""
    claims = [held.enter_context(bulkheads.claimed()) for _ in range(number)]
    return [claim.provider if claim else "" for claim in claims]


def test_a_provider_has_four_places_in_a_process_and_the_others_go_on(settings: Any) -> None:
    settings.SYNC_PLACES_PER_PROVIDER = 4
    for _ in range(6):
        waiting("square")
    waiting("stripe")
    with ExitStack() as held:
        assert providers(held, 6) == ["square"] * 4 + ["stripe", ""]


def test_a_place_is_free_again_when_its_work_is_over(settings: Any) -> None:
    settings.SYNC_PLACES_PER_PROVIDER = 1
    waiting("square")
    waiting("square")
    with bulkheads.claimed(), bulkheads.claimed() as second:
        assert second is None
    with bulkheads.claimed() as third:
        assert third is not None


def test_a_place_is_free_again_when_its_work_crashed(settings: Any) -> None:
    settings.SYNC_PLACES_PER_PROVIDER = 1
    waiting("square")
    with pytest.raises(KeyError), bulkheads.claimed():
        raise KeyError
    assert bulkheads.full() == []


def test_a_venue_has_its_share_at_work_and_the_rest_of_it_waits(settings: Any) -> None:
    settings.SYNC_PLACES_PER_VENUE = 2
    waiting("square", CUSTOMER, PRODUCT, ORDER)
    first, second, third = queue.claim(), queue.claim(), queue.claim()
    assert (first is not None, second is not None, third) == (True, True, None)
    assert first is not None
    assert queue.succeed(first)
    assert queue.claim() is not None
    assert SyncJob.objects.filter(status="running").count() == 2
