"""The providers' own libraries and ours agree about the same deliveries."""

from random import Random

import pytest
from quickbooks import QuickBooks
from square.utils.webhooks_helper import verify_signature
from stripe import SignatureVerificationError, Webhook, WebhookSignature

from integrations.providers import PROVIDERS
from integrations.providers.types import RawDelivery
from tests.providers import test_square_webhooks as square
from tests.providers.quickbooks import test_webhooks as quickbooks
from tests.providers.stripe import test_webhooks as stripe
from tests.webhooks.forging import KINDS, Forger, Sent
from tests.webhooks.senders import QUICKBOOKS, SQUARE, STRIPE, Sender, url

# What theirs lets pass and ours does not.
LENIENT = {
    SQUARE: set[str](),
    STRIPE: {"the future", "two moments", "a very long header", "a moment with a sign"},
    QUICKBOOKS: {"a very long header"},  # whatever follows the end of the base64 is not looked at
}


def ours(sender: Sender, sent: Sent) -> bool:
    receiver = PROVIDERS[sender.key].webhooks
    assert receiver is not None
    return receiver.verify(RawDelivery(sent.body, sent.headers), url=url(sender.key), secrets=[sender.secret])


def square_says(sent: Sent) -> bool:
    signature = sent.headers.get(SQUARE.header, "")
    return bool(sent.body) and verify_signature(
        request_body=sent.body.decode("utf-8", "surrogateescape"), signature_header=signature,
        signature_key=SQUARE.secret, notification_url=url("square"),
    )  # fmt: skip


def stripe_says(sent: Sent) -> bool:
    try:
        Webhook.construct_event(sent.body, sent.headers.get(STRIPE.header, ""), STRIPE.secret)
    except (SignatureVerificationError, ValueError, TypeError):
        return False
    return True


def quickbooks_says(sent: Sent) -> bool:
    client = QuickBooks.__new__(QuickBooks)
    signature = sent.headers.get(QUICKBOOKS.header, "")
    try:
        return bool(sent.body) and client.validate_webhook_signature(sent.body.decode(), signature, QUICKBOOKS.secret)
    except ValueError:  # theirs breaks over what is no base64
        return False


THEIRS = {SQUARE: square_says, STRIPE: stripe_says, QUICKBOOKS: quickbooks_says}


def test_their_libraries_take_the_published_vectors_that_ours_are_tested_with() -> None:
    assert verify_signature(
        request_body=square.BODY.decode(), signature_header=square.SIGNATURE, signature_key=square.KEY,
        notification_url=square.URL,
    )  # fmt: skip
    short = (stripe.SHORT, 1_700_000_000, stripe.SHORT_SIGNATURE)
    for body, at, signature in ((stripe.BODY, stripe.AT, stripe.SIGNATURE), short):
        assert WebhookSignature.verify_header(body.decode(), f"t={at},v1={signature}", stripe.SECRET, tolerance=None)
    client = QuickBooks.__new__(QuickBooks)
    for body, signature in ((quickbooks.OLD, quickbooks.OLD_SIGNATURE), (quickbooks.NEW, quickbooks.NEW_SIGNATURE)):
        assert client.validate_webhook_signature(body.decode(), signature, quickbooks.TOKEN)


@pytest.mark.parametrize("sender", list(THEIRS), ids=str)
def test_what_is_true_is_true_to_both(sender: Sender) -> None:
    forger = Forger(sender, Random(1))
    for _ in range(200):
        sent = forger.signed(forger.body())
        assert (ours(sender, sent), THEIRS[sender](sent)) == (True, True), sent


@pytest.mark.parametrize(
    ("sender", "kind"), [(sender, kind) for sender in THEIRS for kind in KINDS[sender.key]], ids=str
)
def test_what_is_forged_is_forged_to_both(sender: Sender, kind: str) -> None:
    forger = Forger(sender, Random(2))
    for _ in range(10):
        sent = forger.forged(kind)
        assert not ours(sender, sent)
        assert THEIRS[sender](sent) is (kind in LENIENT[sender]), sent
