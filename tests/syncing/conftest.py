"""A small seller at the sandbox, and the venue connected to it with the seller's own token."""

from typing import Any

import pytest
from django.contrib.auth.models import User

from connections import keys
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from tests.provider_sandbox import Sandbox

SIZES = {"customers": 40, "products": 6, "orders": 12, "refunds": 2, "payout_days": 2}


@pytest.fixture
def merchant(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(**SIZES)


@pytest.fixture
def square(venue: Venue, merchant: dict[str, Any], owner: User) -> Connection:
    return keys.connect(PROVIDERS["square"], venue, merchant["personal_token"], user=owner)
