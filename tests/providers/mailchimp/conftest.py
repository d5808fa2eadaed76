"""An account at the sandbox, a session that shows its key, and a watch over every path that was asked for."""

from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest
import requests

from connections import sessions
from integrations.providers import PROVIDERS
from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, ReadScope
from integrations.sealing import Secret
from tests.provider_sandbox import Sandbox

MAILCHIMP = PROVIDERS["mailchimp"]
Account = dict[str, Any]


@pytest.fixture(autouse=True)
def _no_path_holds_an_email(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test asked the sandbox for: no address of a person stands in a path, where logs would keep it."""
    sandbox: Sandbox | None = request.getfixturevalue("sandbox") if "sandbox" in request.fixturenames else None
    yield
    if sandbox is not None:
        paths = [entry["path"] for entry in sandbox.ask("GET", "/log")["entries"] if entry["provider"] == "mailchimp"]
        assert not [path for path in paths if "@" in path or "%40" in path.lower()]


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    """A new account with one audience of forty contacts."""
    made: Account = sandbox.ask("POST", "/mailchimp/accounts", {"name": "The Lantern Room", "sizes": {"members": 40}})
    sandbox.clear_log()
    return made


@pytest.fixture
def api(account: Account) -> ApiSession:
    return sessions.with_key(MAILCHIMP, Secret(account["api_key"]))


@pytest.fixture
def scope(account: Account) -> ReadScope:
    """The owner chose the first audience."""
    return ReadScope(known={ObjectType.AUDIENCE: [account["lists"][0]["id"]]})


@pytest.fixture
def truth(sandbox: Sandbox, account: Account) -> Callable[[str], list[dict[str, Any]]]:
    """What a perfect reader should know now, by kind."""

    def ask(kind: str) -> list[dict[str, Any]]:
        url = f"{sandbox.url}/_control/mailchimp/{account['id']}/truth"
        answer = requests.get(url, params={"kind": kind}, timeout=60)
        return [orjson.loads(line) for line in answer.content.splitlines()]

    return ask


@pytest.fixture
def act(sandbox: Sandbox, account: Account) -> Callable[..., list[str]]:
    """Let the venue's staff change, create or delete so many contacts; gives their hashes."""

    def do(how: str, members: int, **more: Any) -> list[str]:
        body = {"members": members, **more}
        found: list[str] = sandbox.ask("POST", f"/mailchimp/{account['id']}/{how}", body)["members"]
        return found

    return do


@pytest.fixture
def call(sandbox: Sandbox, account: Account) -> Callable[..., requests.Response]:
    """Call the account's API as somebody else would, with its key."""

    def send(method: str, path: str, **more: Any) -> requests.Response:
        url = f"{sandbox.url}/mailchimp/{account['dc']}/3.0{path}"
        return requests.request(method, url, auth=("somebody", account["api_key"]), timeout=20, **more)

    return send
