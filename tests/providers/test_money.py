"""Amounts as numbers for JSON: with the decimals of their currency, and read back as they were."""

import orjson
import pytest

from integrations.providers.money import as_number, from_decimal
from integrations.providers.types import Money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (1850, "GBP", "18.5"), (5, "GBP", "0.05"), (-199, "EUR", "-1.99"), (0, "GBP", "0"), (700, "JPY", "700"),
        (1234, "KWD", "1.234"), (1000, "KWD", "1"), (10**15, "USD", "10000000000000"),
        (10**15 - 1, "USD", "9999999999999.99"),
    ],
)  # fmt: skip
def test_an_amount_is_written_with_its_decimals_and_read_as_it_was(minor: int, currency: str, text: str) -> None:
    number = as_number(Money(minor, currency))
    assert orjson.dumps(number).decode() == text
    assert from_decimal(orjson.loads(text), currency) == Money(minor, currency)
