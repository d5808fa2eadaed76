"""The way out: canonical fields become a provider's values, typed and flat, and nothing is emptied by chance."""

from datetime import UTC, datetime
from typing import Any

import pytest

from integrations.providers.types import Money
from mappings.change import Context
from mappings.engine import Rule
from mappings.outbound import OutboundMapper


def mapper(*rules: Rule) -> OutboundMapper:
    return OutboundMapper(rules, Context(provider="square", country="GB"))


def test_targets_stay_flat_however_many_dots_they_have() -> None:
    sent = mapper(Rule("address.city", "address.locality"), Rule("email", "email_address"))
    assert sent({"address": {"city": "Bristol"}, "email": "nell@example.test"}).values == {
        "address.locality": "Bristol",
        "email_address": "nell@example.test",
    }


def test_amounts_and_times_get_their_types_back_also_inside_lists() -> None:
    sent = mapper(Rule("total", "total_money"), Rule("placed_at", "created_at"), Rule("lines", "line_items"))
    pounds = {"minor": 1250, "currency": "GBP"}
    found = sent({"total": pounds, "placed_at": "2026-03-01T12:00:00+00:00", "lines": [{"total": pounds}]}).values
    assert found == {
        "total_money": Money(1250, "GBP"),
        "created_at": datetime(2026, 3, 1, 12, tzinfo=UTC),
        "line_items": [{"total": Money(1250, "GBP")}],
    }


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"given_name": "Nell", "family_name": "Gray"}, "Nell Gray"),
        ({"family_name": "Gray"}, "Gray"),
        ({"company": "The Anchor"}, None),
    ],
)
def test_a_whole_name_is_worked_out_of_its_parts(fields: dict[str, Any], name: str | None) -> None:
    assert mapper(Rule("full_name", "name"))(fields).values.get("name") == name


def test_a_change_is_followed_to_the_field_that_it_ends_up_in() -> None:
    sent = mapper(Rule("full_name", "name"), Rule("address.city", "address.locality"), Rule("email", "email_address"))
    assert sent.touched({"given_name"}) == {"name"}
    assert sent.touched({"address.city"}) == {"address.locality"}
    assert sent.touched({"address"}) == {"address.locality"}
    assert sent.touched({"note"}) == set()


def test_a_value_that_does_not_fit_or_is_not_let_out_is_withheld_and_nothing_is_emptied_there() -> None:
    table = {"unsubscribed": "unsubscribed"}
    sent = mapper(
        Rule("phone", "phone_number", [{"name": "phone"}]),
        Rule("marketing_consent.status", "status", [{"name": "choice", "table": table}]),
        Rule("email", "email_address"),
    )
    found = sent({"phone": "call me", "marketing_consent": {"status": "subscribed"}})
    assert (found.values, found.withheld) == ({}, {"phone_number", "status"})
    assert [remark.target for remark in found.remarks] == ["phone"]


def test_what_must_be_there_and_is_not_is_told_by_our_own_name() -> None:
    (remark,) = mapper(Rule("email", "email_address", required=True))({"phone": "+447700900123"}).remarks
    assert (remark.target, remark.required) == ("email", True)


def test_a_field_id_within_a_list_is_one_name_however_many_dots_it_has() -> None:
    lines = [{"name": "each", "rules": [{"source": "name", "target": "ItemRef.name"}]}]
    assert mapper(Rule("lines", "lines", lines))({"lines": [{"name": "Tea"}]}).values == {
        "lines": [{"ItemRef.name": "Tea"}]
    }
