"""A seller at the sandbox, and a session that shows its token."""

from typing import Any

import pytest

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.http import ApiSession
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox

SIZES = {"customers": 60, "products": 12, "orders": 40, "refunds": 5, "payout_days": 4, "invoices": 12}


@pytest.fixture(autouse=True)
def _no_rest(settings: Any) -> None:
    """Here it is about single calls, however many of them go wrong in a row."""
    settings.BREAKER_AFTER = 1_000


@pytest.fixture
def seller(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.merchant(**SIZES)


@pytest.fixture
def api(seller: dict[str, Any]) -> ApiSession:
    return sessions.with_key(PROVIDERS["square"], Secret(seller["personal_token"]))
