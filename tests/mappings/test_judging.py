"""Judging rules: what ships passes, and each fault is met by its name."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from integrations.providers import PROVIDERS
from integrations.providers.types import Field, ObjectType
from mappings import catalogue, judging, rules, templates
from mappings.change import Context
from mappings.judging import Level
from mappings.rules import RuleData

CONTEXT = Context("square")
FIELDS = catalogue.static(PROVIDERS["square"])
EMAIL = RuleData("customer", "in", "email_address", "email", [{"name": "trim"}])
NAME = RuleData("customer", "in", "given_name", "given_name")
SENT = RuleData("customer", "out", "given_name", "given_name")


def shipped(provider: str) -> list[RuleData]:
    entries: list[dict[str, Any]] = orjson.loads((templates._SHIPPED / f"{provider}.json").read_bytes())
    general = [each for each in entries if each.get("venue_type", "general") == "general"]
    return [rule for each in general for rule in rules.of_template(each["object_type"], each["rules"])]


def codes(*wanted: RuleData, before: tuple[RuleData, ...] | None = None) -> set[str]:
    known = wanted if before is None else before
    return {each.code for each in judging.issues("square", wanted, before=known, context=CONTEXT, fields=FIELDS)}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_ships_has_no_errors(provider: str) -> None:
    wanted = shipped(provider)
    fields = catalogue.static(PROVIDERS[provider])
    found = judging.issues(provider, wanted, before=wanted, context=Context(provider), fields=fields)
    assert [each for each in found if each.level is Level.ERROR] == []


def test_good_rules_have_no_issues() -> None:
    assert codes(EMAIL, NAME, SENT) == set()


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (replace(NAME, object_type="account"), "unknown_object"),
        (replace(NAME, source="shoe_size"), "unknown_field"),
        (replace(NAME, target="shoe_size"), "unknown_field"),
        (replace(NAME, transforms=[{"name": "shout"}]), "bad_transform"),
        (replace(NAME, transforms=[{"name": "choice"}]), "bad_transform"),
        (RuleData("customer", "in", "email_address", "tags"), "wrong_type"),
        (RuleData("customer", "in", "given_name", "marketing_consent.at"), "wrong_type"),
        (RuleData("customer", "out", "given_name", "group_names"), "read_only"),
    ],
)
def test_a_fault_of_a_rule_is_met_by_its_name(rule: RuleData, code: str) -> None:
    assert codes(EMAIL, rule) == {code}


def test_two_rules_that_fill_one_field_are_met() -> None:
    assert codes(EMAIL, NAME, replace(NAME, source="nickname")) >= {"same_target"}


def test_what_a_record_must_have_must_be_filled() -> None:
    assert codes(RuleData("customer", "in", "note", "note")) == {"required_unmapped"}
    assert codes(RuleData("product", "in", "description", "description")) == {"required_unmapped"}


def test_what_the_provider_demands_must_be_filled_once_anything_is_sent() -> None:
    text = RuleData("product", "out", "description", "description")
    assert codes(text, before=()) == {"required_unmapped"}
    assert codes(text, RuleData("product", "out", "name", "name"), before=()) == set()
    held = judging.issues("square", [text, SENT], before=[text], context=CONTEXT, fields=FIELDS)
    assert [each.level for each in held if each.code == "required_unmapped"] == [Level.WARNING]


def test_a_change_of_what_tells_people_apart_is_to_be_confirmed() -> None:
    assert codes(replace(EMAIL, transforms=[]), before=(EMAIL,)) == {"identity_key"}


def test_personal_data_that_leaves_for_the_first_time_is_told_by_its_category() -> None:
    wanted = [EMAIL, RuleData("customer", "out", "birthday", "birthday", [{"name": "birthday_with_year_zero"}])]
    found = judging.issues("square", wanted, before=[EMAIL], context=CONTEXT, fields=FIELDS)
    assert [(each.level, each.code, each.place) for each in found] == [("warning", "personal_data", 1)]
    assert "date of birth" in found[0].sentence


def test_a_rule_that_is_held_is_not_judged_and_a_field_of_the_account_s_own_is_known() -> None:
    own = RuleData("customer", "in", "custom.shoe_size", "note")
    assert codes(EMAIL, replace(own, paused_reason="Square stopped offering it.")) == set()
    assert codes(EMAIL, own) == {"unknown_field"}
    fields = FIELDS | {ObjectType.CUSTOMER: [*FIELDS[ObjectType.CUSTOMER], Field("custom.shoe_size", "Shoe size")]}
    assert judging.issues("square", [EMAIL, own], before=[EMAIL, own], context=CONTEXT, fields=fields) == []


def test_what_is_lost_on_the_way_is_told() -> None:
    day = RuleData("order", "in", "created_at", "business_date", [{"name": "venue_day"}])
    assert "lossy" in codes(EMAIL, day, before=(EMAIL,))
    assert "lossy" not in codes(EMAIL, day, before=(EMAIL, day))


def test_differences_are_told_in_words() -> None:
    changed = replace(EMAIL, transforms=[{"name": "trim"}, {"name": "lower"}])
    assert rules.differences([EMAIL, NAME], [changed, SENT]) == [
        "Customers, First name: no longer filled",
        "Customers, E-mail: email_address (trim) → email_address (trim, Lower-case)",
        "Customers sent, given_name: filled from First name (as it is)",
    ]
    labels = {("customer", "email_address"): "E-mail address", ("customer", "given_name"): "Given name"}
    more = replace(changed, default="none", update_mode="if_empty", who_wins="ask")
    assert rules.differences([EMAIL], [more, SENT], labels) == [
        "Customers, E-mail: E-mail address (trim) → E-mail address (trim, Lower-case), else “none”, only when empty, "
        "asks when both changed",
        "Customers sent, Given name: filled from First name (as it is)",
    ]
