"""An account at the sandbox, a session that shows its key, and what a perfect reader should know of it."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import requests

from connections import sessions
from integrations.providers.http import ApiSession
from integrations.providers.stripe import STRIPE, client
from integrations.providers.types import AppCredentials
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox

Account = dict[str, Any]
SIZES = {"customers": 60, "products": 12, "charges": 120, "refunds": 8, "invoices": 12}
APP = AppCredentials("ca_SandboxBackline", "sk_test_SandboxBacklinePlatform")


@pytest.fixture
def account(sandbox: Sandbox, settings: Any) -> Account:
    """A new account with a few dozen of everything, and our application as the sandbox knows it."""
    settings.PROVIDER_APPS = {"stripe": {"client_id": APP.client_id, "client_secret": APP.client_secret}}
    made: Account = sandbox.ask("POST", "/stripe/accounts", {"name": "The Lantern Room", "sizes": SIZES})
    sandbox.clear_log()
    return made


@pytest.fixture
def api(account: Account) -> ApiSession:
    return sessions.with_key(STRIPE, Secret(account["restricted_key"]))


@pytest.fixture
def truth(sandbox: Sandbox, account: Account) -> Callable[[str], dict[str, dict[str, Any]]]:
    """Return by id what a perfect reader should know now, as the sandbox's lists show it."""

    def ask(kind: str) -> dict[str, dict[str, Any]]:
        url = f"{sandbox.url}/_control/stripe/{account['id']}/truth"
        answer = requests.get(url, params={"kind": kind}, timeout=60)
        return {each["id"]: each for each in map(orjson.loads, answer.content.splitlines())}

    return ask


def over(url: str, **account: Any) -> ApiSession:
    """Return a session with a server that answers what a test writes."""
    return ApiSession(base_url=url, headers={}, classify=client.classify, account=account)


def theirs(sandbox: Sandbox, account: Account, path: str, *, method: str = "POST", **form: str) -> dict[str, Any]:
    """Let the venue's own people do something at Stripe, with the key that may do everything."""
    headers, sent = {"Authorization": f"Bearer {account['secret_key']}"}, "params" if method == "GET" else "data"
    url = f"{sandbox.url}/stripe/v1/{path}"
    answer = requests.request(method, url, headers=headers, timeout=60, **{sent: form})
    assert answer.ok, answer.text
    return dict(answer.json())
