"""Amounts as Stripe counts them, there and back."""

import pytest

from integrations.providers.errors import Invalid
from integrations.providers.stripe import amounts
from integrations.providers.types import Money


@pytest.mark.parametrize(
    ("money", "theirs"),
    [
        (Money(1250, "GBP"), 1250), (Money(-1250, "GBP"), -1250), (Money(500, "JPY"), 500), (Money(5120, "KWD"), 5120),
        (Money(500, "ISK"), 50_000), (Money(500, "UGX"), 50_000), (Money(1500, "MGA"), 15), (Money(0, "GBP"), 0),
    ],
)  # fmt: skip
def test_an_amount_is_the_same_there_and_back(money: Money, theirs: int) -> None:
    assert amounts.sent(money) == theirs
    assert amounts.read(theirs, money.currency.lower()) == money


@pytest.mark.parametrize(
    ("money", "step"), [(Money(5123, "KWD"), "0.01"), (Money(-1, "BHD"), "0.01"), (Money(1550, "MGA"), "1")]
)
def test_what_is_finer_than_stripe_counts_is_refused(money: Money, step: str) -> None:
    with pytest.raises(Invalid, match=f"in steps of {step} only"):
        amounts.sent(money)
