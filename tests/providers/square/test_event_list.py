"""Which of Square's events are asked for again."""

import orjson
import pytest

from integrations.providers.square.event_list import TYPES
from integrations.providers.square.webhooks import SquareWebhooks
from integrations.providers.types import RawDelivery


@pytest.mark.parametrize("kind", TYPES)
def test_only_what_we_have_an_object_for_is_asked_for(kind: str) -> None:
    event = {"merchant_id": "M1", "type": kind, "event_id": "e", "created_at": "2026-11-22T09:00:00Z", "data": {}}
    (told,) = SquareWebhooks().parse(RawDelivery(orjson.dumps(event), {}))
    assert (told.object_type is not None, told.is_revocation) == (True, False)
