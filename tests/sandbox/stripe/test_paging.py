"""How lists are cut into pages, and that nothing is lost between them."""

from __future__ import annotations

import pytest

from tests.sandbox.stripe.conftest import Sandbox, error_of

LISTS = {
    "customers": "customers", "products": "products", "prices": "prices", "charges": "charges",
    "payment_intents": "payment_intents", "refunds": "refunds", "balance_transactions": "balance_transactions",
    "payouts": "payouts", "invoices": "invoices", "invoice_payments": "invoice_payments",
    "checkout/sessions": "checkout_sessions",
}  # fmt: skip


@pytest.mark.parametrize(("path", "kind"), LISTS.items())
def test_the_pages_of_a_list_are_the_whole_truth_newest_first(sandbox: Sandbox, path: str, kind: str) -> None:
    sandbox.settings(page_size=37)
    read = sandbox.all(path)
    assert {one["id"]: one for one in read} == sandbox.truth(kind)
    assert [one["created"] for one in read] == sorted((one["created"] for one in read), reverse=True)


def test_a_page_holds_ten_unless_asked_and_says_whether_more_follow(sandbox: Sandbox) -> None:
    page = sandbox.found("customers")
    assert (page["object"], page["url"], len(page["data"]), page["has_more"]) == ("list", "/v1/customers", 10, True)
    assert sandbox.found("customers", limit=100, starting_after=sandbox.all("customers")[-3]["id"])["has_more"] is False


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", "1.5"])
def test_other_limits_than_one_to_a_hundred_are_refused(sandbox: Sandbox, limit: str) -> None:
    assert error_of(sandbox.get("charges", limit=limit)) == (400, "parameter_invalid_integer", "limit")


@pytest.mark.parametrize("path", ["customers", "balance_transactions", "events"])
def test_a_reader_can_also_go_back_towards_the_newest(sandbox: Sandbox, path: str) -> None:
    read = [one["id"] for one in sandbox.all(path)]
    page = sandbox.found(path, limit=4, ending_before=read[9])
    assert [one["id"] for one in page["data"]] == read[5:9]
    assert page["has_more"] is True
    assert sandbox.found(path, limit=9, ending_before=read[9])["has_more"] is False


def test_a_page_cannot_stand_behind_a_record_that_is_gone(sandbox: Sandbox) -> None:
    gone = sandbox.edit("delete", customers=1)["customers"][0]
    refused = (400, "resource_missing", "starting_after")
    assert error_of(sandbox.get("customers", starting_after=gone)) == refused
    assert error_of(sandbox.get("customers", starting_after="cus_nobody")) == refused
    both = {"starting_after": sandbox.all("customers")[0]["id"], "ending_before": sandbox.all("customers")[5]["id"]}
    assert sandbox.get("customers", **both).status_code == 400


def test_created_takes_a_moment_or_a_range_and_never_sees_changes(sandbox: Sandbox) -> None:
    every = sandbox.all("customers")
    moment, later = every[60]["created"], every[20]["created"]
    expected = [one["id"] for one in every if moment < one["created"] <= later]
    asked = {"created[gt]": moment, "created[lte]": later}
    assert [one["id"] for one in sandbox.all("customers", **asked)] == expected
    assert [one["id"] for one in sandbox.all("customers", created=moment)] == [every[60]["id"]]
    sandbox.advance(60)
    sandbox.edit("change", customers=5)
    recent = {"created[gte]": every[0]["created"] + 1}
    assert sandbox.all("customers", **recent) == []
    assert error_of(sandbox.get("customers", **{"created[after]": "1"})) == (400, "parameter_unknown", "created[after]")


def test_records_made_meanwhile_come_first_and_move_no_page(sandbox: Sandbox) -> None:
    first = sandbox.found("customers", limit=50)
    made = sandbox.edit("create", customers=3)["customers"]
    rest = sandbox.all("customers", starting_after=first["data"][-1]["id"])
    assert not {one["id"] for one in first["data"]} & {one["id"] for one in rest}
    assert [one["id"] for one in sandbox.found("customers", limit=3)["data"]] == made[::-1]


def test_filters_find_what_belongs_together(sandbox: Sandbox) -> None:
    charge = next(one for one in sandbox.truth("charges").values() if one["customer"] and one["amount_refunded"])
    by_intent = sandbox.all("charges", payment_intent=charge["payment_intent"])
    assert [one["id"] for one in by_intent] == [charge["id"]]
    own = {one["id"] for one in sandbox.truth("charges").values() if one["customer"] == charge["customer"]}
    assert {one["id"] for one in sandbox.all("charges", customer=charge["customer"])} == own
    refunds = sandbox.all("refunds", charge=charge["id"])
    assert sum(one["amount"] for one in refunds) == charge["amount_refunded"]
    moved = sandbox.all("balance_transactions", source=charge["id"])
    assert [one["id"] for one in moved] == [charge["balance_transaction"]]
    price = next(iter(sandbox.truth("prices").values()))
    siblings = {one["id"] for one in sandbox.truth("prices").values() if one["product"] == price["product"]}
    assert {one["id"] for one in sandbox.all("prices", product=price["product"])} == siblings
    assert error_of(sandbox.get("charges", customer="cus_nobody")) == (400, "resource_missing", "customer")
