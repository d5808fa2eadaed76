"""Stripe's traps: what its SDK does by itself, as a judge of what our reads do instead."""

import time
from typing import Any

import pytest
import stripe

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.stripe import STRIPE
from integrations.providers.stripe.spec import API_VERSION
from integrations.providers.stripe.streams import STREAMS
from integrations.providers.stripe.webhooks import SIGNATURE_HEADER, StripeWebhooks
from integrations.providers.types import ObjectType, RawDelivery
from tests.provider_sandbox import Sandbox
from tests.providers.stripe.conftest import Account, over
from tests.providers.stripe.reading import ids, newest, read
from tests.providers.wire import answer, wire

BUSY = answer(b'{"error": {"code": "rate_limit", "message": "Request rate limit exceeded"}}', status="429 Slow")
EMPTY = answer(b'{"object": "list", "data": [], "has_more": false, "url": "/v1/customers"}')


def sdk(url: str, key: str = "sk_test_1") -> stripe.StripeClient:
    return stripe.StripeClient(
        key, base_addresses={"api": url, "connect": url, "files": url}, http_client=stripe.RequestsClient(timeout=5)
    )


def test_trap_7_the_sdk_does_not_try_again_after_a_429_but_a_read_of_ours_does() -> None:
    with wire(BUSY, EMPTY) as server, pytest.raises(stripe.RateLimitError):
        sdk(server.url).v1.customers.list()
    assert len(server.requests) == 1
    with wire(BUSY, EMPTY) as server:
        assert read(over(server.url), ObjectType.CUSTOMER)[-1].last
    assert len(server.requests) == 2


def test_trap_7_the_sdk_does_not_try_again_after_a_failure_but_a_read_of_ours_does() -> None:
    broken = answer(b"<html>", status="503 Away")
    with wire(broken, EMPTY) as server, pytest.raises(stripe.APIError):
        sdk(server.url).v1.customers.list()
    assert len(server.requests) == 1
    with wire(broken, EMPTY) as server:
        assert read(over(server.url), ObjectType.CUSTOMER)[-1].last
    assert len(server.requests) == 2


def test_the_sdks_errors_have_no_code_where_ours_are_told_apart_by_their_class() -> None:
    expired = answer(b'{"error": {"code": "api_key_expired", "message": "Expired"}}', status="401 No")
    with wire(expired) as server, pytest.raises(stripe.AuthenticationError) as theirs:
        sdk(server.url).v1.customers.list()
    with wire(expired) as server, pytest.raises(errors.AuthExpired) as ours:
        read(over(server.url), ObjectType.CUSTOMER)
    assert (theirs.value.code, ours.value.code) == (None, "api_key_expired")


def test_the_sdks_errors_carry_the_whole_answer_and_ours_only_a_sentence() -> None:
    refusal = answer(b'{"error": {"message": "No such customer", "charge": "nell@example.test"}}', status="400 No")
    with wire(refusal) as server, pytest.raises(stripe.InvalidRequestError) as theirs:
        sdk(server.url).v1.customers.list()
    with wire(refusal) as server, pytest.raises(errors.Invalid) as ours:
        read(over(server.url), ObjectType.CUSTOMER)
    assert "nell@example.test" in repr((theirs.value.args, theirs.value.json_body))
    assert ours.value.args == ("No such customer",)


def test_our_version_is_the_one_that_the_sdk_was_made_for() -> None:
    assert stripe.api_version == API_VERSION == STRIPE.spec.headers["Stripe-Version"]


def test_a_filter_by_creation_never_shows_an_update_but_the_next_read_of_ours_does(
    sandbox: Sandbox, account: Account, api: ApiSession
) -> None:
    bookmark = read(api, ObjectType.CUSTOMER)[-1].position
    sandbox.ask("POST", "/clock", {"advance_seconds": 86_400})
    (changed,) = sandbox.ask("POST", f"/stripe/{account['id']}/change", {"customers": 1})["customers"]
    theirs = sdk(f"{sandbox.url}/stripe", account["secret_key"])
    assert theirs.v1.customers.list(params={"created": {"gte": bookmark["since"]}}).data == []
    assert ids(read(api, ObjectType.CUSTOMER, bookmark)) == [changed]


def test_what_we_read_is_what_the_sdk_reads(sandbox: Sandbox, account: Account, api: ApiSession) -> None:
    theirs = sdk(f"{sandbox.url}/stripe", account["secret_key"])
    charges = theirs.v1.charges.list(params={"limit": 100, "expand": ["data.balance_transaction"]})
    assert {charge.id: _plain(charge.to_dict()) for charge in charges.auto_paging_iter()} == {
        key: _plain(record.raw) for key, record in newest(read(api, ObjectType.PAYMENT)).items()
    }


def _plain(raw: Any) -> Any:
    """Return a charge by what matters here; the SDK gives some decimals a type of their own."""
    movement = raw["balance_transaction"]
    return raw["id"], raw["amount"], raw["status"], raw["created"], movement and (movement["id"], movement["fee"])


def test_the_sdk_lets_a_signature_from_the_future_pass_and_we_do_not() -> None:
    body, secret, tomorrow = '{"id": "evt_1"}', "whsec_test", int(time.time()) + 86_400
    signed = stripe.WebhookSignature._compute_signature(f"{tomorrow}.{body}", secret)
    header = f"t={tomorrow},v1={signed}"
    assert stripe.WebhookSignature.verify_header(body, header, secret, tolerance=300)
    delivery = RawDelivery(body.encode(), {SIGNATURE_HEADER: header})
    assert not StripeWebhooks().verify(delivery, url="", secrets=[secret])
    assert StripeWebhooks(now=lambda: tomorrow).verify(delivery, url="", secrets=[secret])


def test_an_object_that_the_sdk_reads_as_attributes_is_plain_json_with_us(api: ApiSession) -> None:
    record = next(iter(newest(read(api, ObjectType.CUSTOMER)).values()))
    assert type(record.raw) is dict
    assert STREAMS[ObjectType.CUSTOMER].values(record.raw)["id"] == record.id
