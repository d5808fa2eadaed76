"""The traps that cost most if found late, shown with the official SDK as it is installed, and how we avoid them.

Trap 9: what mailchimp-marketing 3.0.80 does with errors and paths. Trap 10: webhooks are signed now.
"""

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Thread
from typing import Any

import mailchimp_marketing  # type: ignore[import-untyped]
import orjson
import pytest
import requests
from mailchimp_marketing.api_client import ApiClientError  # type: ignore[import-untyped]

from integrations.providers.errors import NotFound, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.webhooks import SIGNATURE_HEADER, MailchimpWebhooks
from integrations.providers.types import RawDelivery, ReadScope
from tests.provider_sandbox import Sandbox
from tests.providers.mailchimp.conftest import Account

HASH = "0" * 32


@pytest.fixture
def sdk(sandbox: Sandbox, account: Account) -> Any:
    """The SDK, pointed at the account's data centre in the sandbox."""
    made = mailchimp_marketing.Client({"api_key": account["api_key"], "timeout": 20})
    made.api_client.host = f"{sandbox.url}/mailchimp/{account['dc']}/3.0"
    return made


@pytest.fixture
def audience(account: Account) -> str:
    return str(account["lists"][0]["id"])


def test_the_sdk_is_pinned_because_its_next_version_is_another_one_under_the_same_name() -> None:
    assert version("mailchimp-marketing") == "3.0.80"


def test_trap_9_an_error_of_the_sdk_prints_as_nothing_and_holds_its_problem_as_text(
    sdk: Any, audience: str, api: ApiSession
) -> None:
    with pytest.raises(ApiClientError) as met:
        sdk.lists.get_list_member(audience, HASH)
    assert str(met.value) == ""
    assert isinstance(met.value.text, str)
    assert orjson.loads(met.value.text)["title"] == "Resource Not Found"
    with pytest.raises(NotFound) as ours:
        api.get(f"/3.0/lists/{audience}/members/{HASH}")
    assert ours.value.code == "Resource Not Found"


def test_trap_9_an_error_with_an_empty_body_is_an_answer_to_the_sdk_and_an_error_to_us(
    sandbox: Sandbox, sdk: Any, api: ApiSession
) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"empty_errors": True})
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": "status", "status": 500, "times": -1})
    answer = sdk.ping.get()
    assert isinstance(answer, requests.Response)
    assert (answer.status_code, answer.content) == (500, b"")
    with pytest.raises(Transient) as ours:
        api.get("/3.0/ping")
    assert ours.value.status == 500


def test_trap_9_the_word_server_in_a_path_is_replaced_by_the_sdk_and_not_by_us(
    sandbox: Sandbox, sdk: Any, audience: str, api: ApiSession, account: Account
) -> None:
    sandbox.clear_log()
    with pytest.raises(ApiClientError):
        sdk.lists.get_list_member(audience, "observer")
    with pytest.raises(NotFound):
        api.get(f"/3.0/lists/{audience}/members/observer")
    asked = [entry["path"].rpartition("/")[2] for entry in sandbox.ask("GET", "/log")["entries"]]
    assert asked == [f"ob{account['dc']}", "observer"]


def test_trap_9_the_sdk_reads_what_we_read(sdk: Any, audience: str, api: ApiSession, scope: ReadScope) -> None:
    theirs = sdk.lists.get_list_members_info(audience, count=1000, fields=["members.id", "members.status"])
    ours = api.get(f"/3.0/lists/{audience}/members", {"count": 1000, "fields": "members.id,members.status"}).body
    assert theirs["members"] == ours["members"] != []


def test_trap_9_a_403_without_a_body_asks_us_to_slow_down(sandbox: Sandbox, api: ApiSession) -> None:
    sandbox.ask("POST", "/mailchimp/settings", {"blank_403": True})
    sandbox.ask("POST", "/faults", {"provider": "mailchimp", "kind": "rate_limit", "times": 1})
    assert api.get("/3.0/ping").body["health_status"]
    assert len(api.meter.seen().waits) == 1


@pytest.fixture
def listener() -> Iterator[tuple[str, list[RawDelivery]]]:
    """An address of this machine, and what came there: a GET is answered, a POST is kept."""
    came: list[RawDelivery] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append(RawDelivery(body, {name.lower(): value for name, value in self.headers.items()}))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came
    server.shutdown()
    server.server_close()


def test_trap_10_webhooks_are_signed_now_and_old_ones_without_a_signature_do_not_pass(
    sandbox: Sandbox,
    account: Account,
    audience: str,
    listener: tuple[str, list[RawDelivery]],
    call: Callable[..., requests.Response],
    api: ApiSession,
) -> None:
    url, came = listener
    wish = {"url": url, "events": {"profile": True}, "sources": {"user": True, "admin": True, "api": False}}
    secret = call("POST", f"/lists/{audience}/webhooks", json=wish).json()["signing_secret"]
    contact = api.get(f"/3.0/lists/{audience}/members", {"count": 10}).body["members"][0]
    for kind in ("now", "bad_signature"):
        path = f"/mailchimp/{account['id']}/deliver"
        sandbox.ask("POST", path, {"type": "profile", "id": contact["id"], "kind": kind})
    receiver = MailchimpWebhooks()
    signed, forged = came
    assert [receiver.verify(each, url=url, secrets=[secret]) for each in came] == [True, False]
    assert not receiver.verify(RawDelivery(signed.body, {}), url=url, secrets=[secret])
    assert not receiver.verify(signed, url=url, secrets=["another"])
    (event,) = receiver.parse(signed)
    assert (event.account_id, event.external_id, event.type) == ("", contact["id"], "profile")
    assert forged.headers[SIGNATURE_HEADER]
