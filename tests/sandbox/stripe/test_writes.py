"""What can be written, what is refused, and how a write that comes twice happens once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.sandbox.stripe.conftest import Sandbox, error_of


def paid_charge(sandbox: Sandbox) -> dict[str, Any]:
    charges = sandbox.truth("charges").values()
    return next(one for one in charges if one["paid"] and not one["amount_refunded"])


def events(sandbox: Sandbox, *types: str) -> list[dict[str, Any]]:
    return sandbox.all("events", **{f"types[{place}]": kind for place, kind in enumerate(types)})


def test_a_customer_is_made_changed_and_deleted(sandbox: Sandbox) -> None:
    form = {"name": "Ottoline 🦉", "email": "o@example.org", "metadata[hub_id]": "7", "metadata[row]": "A"}
    made = sandbox.made("customers", **form, **{"address[line1]": "The Cut", "address[country]": "GB"})
    assert (made["metadata"], made["address"]["line1"], made["address"]["city"]) == (
        {"hub_id": "7", "row": "A"}, "The Cut", None,
    )  # fmt: skip
    path = f"customers/{made['id']}"
    changed = sandbox.made(path, **{"metadata[row]": "", "email": "", "preferred_locales[]": "de"})
    assert (changed["metadata"], changed["email"], changed["preferred_locales"]) == ({"hub_id": "7"}, None, ["de"])
    assert sandbox.made(path, metadata="")["metadata"] == {}
    stub = {"id": made["id"], "object": "customer", "deleted": True}
    assert sandbox.api.delete(f"v1/{path}").json() == sandbox.found(path) == stub
    assert made["id"] not in {one["id"] for one in sandbox.all("customers")}
    assert sandbox.truth("customers")[made["id"]] == {"id": made["id"], "is_deleted": True}
    assert error_of(sandbox.post(path, name="B")) == (404, "resource_missing", "id")
    assert error_of(sandbox.api.delete(f"v1/{path}")) == (404, "resource_missing", "id")


def test_two_customers_may_share_an_address(sandbox: Sandbox) -> None:
    ids = {sandbox.made("customers", email="twin@example.org")["id"] for _ in range(2)}
    assert {one["id"] for one in sandbox.all("customers", email="twin@example.org")} == ids


@pytest.mark.parametrize(
    ("form", "code", "param"),
    [
        ({"nmae": "A"}, "parameter_unknown", "nmae"),
        ({"address[street]": "A"}, "parameter_unknown", "address[street]"),
        ({"email": "nobody"}, "email_invalid", "email"),
        ({"name": "x" * 257}, None, "name"),
        ({"metadata[" + "k" * 41 + "]": "v"}, None, "metadata"),
        ({"metadata[k]": "v" * 501}, None, "metadata[k]"),
        ({"metadata": "v"}, None, "metadata"),
        ({"balance": "1.5"}, "parameter_invalid_integer", "balance"),
        ({"tax_exempt": "maybe"}, None, "tax_exempt"),
        ({"shipping[name]": "A"}, "parameter_missing", "shipping[address]"),
        ({"address": "The Cut"}, None, "address"),
        ({"na[me": "A"}, None, "na[me"),
    ],
)
def test_what_a_customer_cannot_be_is_refused(
    sandbox: Sandbox, form: dict[str, Any], code: str | None, param: str
) -> None:
    assert error_of(sandbox.post("customers", **form)) == (400, code, param)
    assert len(sandbox.truth("customers")) == 120


def test_bodies_are_forms_and_nothing_else(sandbox: Sandbox) -> None:
    assert sandbox.api.post("v1/customers", json={"name": "A"}).status_code == 400
    assert sandbox.api.post("v1/customers", files={"name": (None, "A")}).status_code == 400
    assert sandbox.api.post("v1/customers?name=A").status_code == 400
    assert sandbox.api.post("v1/customers", content="name=A&name=B", headers=FORM).status_code == 400
    assert sandbox.api.request("GET", "v1/customers", data={"limit": "3"}).status_code == 400
    assert sandbox.api.post("v1/customers").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "v1/costumers"), ("PUT", "v1/customers/cus_1"), ("PATCH", "v1/products"), ("DELETE", "v1/prices/price_1"),
     ("GET", "v1/customers/"), ("GET", "v1"), ("POST", "v1/charges"), ("GET", "v2/customers")],
)  # fmt: skip
def test_there_is_nothing_at_other_addresses(sandbox: Sandbox, method: str, path: str) -> None:
    answer = sandbox.api.request(method, path)
    assert (answer.status_code, "Unrecognized request URL" in answer.text) == (404, True)


@pytest.mark.parametrize(
    ("path", "asked"),
    [("customers", {"sort": "asc"}), ("charges", {"status": "paid"}), ("prices", {"products": "x"}),
     ("balance", {"currency": "gbp"}), ("payouts", {"created[from]": "1"}), ("products/prod_1", {"limit": "1"})],
)  # fmt: skip
def test_unknown_parameters_are_refused_by_name(sandbox: Sandbox, path: str, asked: dict[str, str]) -> None:
    assert error_of(sandbox.get(path, **asked)) == (400, "parameter_unknown", next(iter(asked)))


def test_a_product_and_its_prices(sandbox: Sandbox) -> None:
    made = sandbox.made("products", id="hub-show-1", name="Matinée", **{"metadata[hub_id]": "1"})
    assert (made["id"], made["active"], made["default_price"]) == ("hub-show-1", True, None)
    assert error_of(sandbox.post("products", id="hub-show-1", name="B"))[1] == "resource_already_exists"
    assert error_of(sandbox.post("products")) == (400, "parameter_missing", "name")
    assert error_of(sandbox.post("products/hub-show-1", name="")) == (400, "parameter_invalid_empty", "name")
    price = sandbox.made("prices", product="hub-show-1", currency="GBP", unit_amount=1200, lookup_key="matinee")
    assert (price["unit_amount_decimal"], price["type"], price["currency"]) == ("1200", "one_time", "gbp")
    assert sandbox.made("products/hub-show-1", default_price=price["id"])["default_price"] == price["id"]
    assert sandbox.api.delete("v1/products/hub-show-1").status_code == 400
    assert sandbox.made("products/hub-show-1", active="false")["active"] is False
    archived = f"prices/{price['id']}"
    assert "default price" in sandbox.post(archived, active="false").json()["error"]["message"]
    assert sandbox.made("products/hub-show-1", default_price="")["default_price"] is None
    assert sandbox.made(archived, active="false")["active"] is False
    sandbox.made("products", id="hub-show-2", name="Never priced")
    assert sandbox.api.delete("v1/products/hub-show-2").json()["deleted"] is True


def test_a_price_keeps_its_amount_and_shares_no_lookup_key(sandbox: Sandbox) -> None:
    product = next(iter(sandbox.truth("products")))
    form: dict[str, Any] = {"product": product, "currency": "gbp", "unit_amount": 500, "lookup_key": "one"}
    first = sandbox.made("prices", **form)
    assert error_of(sandbox.post(f"prices/{first['id']}", unit_amount=600))[1] == "parameter_unknown"
    assert error_of(sandbox.post("prices", **form)) == (400, "resource_already_exists", "lookup_key")
    second = sandbox.made("prices", **form, transfer_lookup_key="true")
    assert sandbox.found(f"prices/{first['id']}")["lookup_key"] is None
    assert [one["id"] for one in sandbox.all("prices", **{"lookup_keys[]": "one"})] == [second["id"]]
    inline = sandbox.made(
        "prices",
        currency="gbp",
        unit_amount_decimal="12.5",
        **{"product_data[name]": "Gin", "recurring[interval]": "month"},
    )
    assert (inline["unit_amount"], inline["unit_amount_decimal"], inline["type"]) == (None, "12.5", "recurring")
    assert error_of(sandbox.post("prices", currency="gbp", product=product))[1] == "parameter_missing"
    assert error_of(sandbox.post("prices", currency="gbp", unit_amount=1, product="prod_no"))[2] == "product"
    assert error_of(sandbox.post("prices", currency="zzz", unit_amount=1, product=product))[2] == "currency"


def test_a_refund_takes_back_money_and_marks_the_charge(sandbox: Sandbox) -> None:
    charge = paid_charge(sandbox)
    part = sandbox.made("refunds", charge=charge["id"], amount=100, reason="duplicate")
    moved = sandbox.found(f"balance_transactions/{part['balance_transaction']}")
    assert (moved["amount"], moved["type"], moved["source"]) == (-100, "refund", part["id"])
    too_much = sandbox.post("refunds", charge=charge["id"], amount=charge["amount"])
    assert error_of(too_much) == (400, None, "amount")
    rest = sandbox.made("refunds", payment_intent=charge["payment_intent"])
    assert rest["amount"] == charge["amount"] - 100
    known = sandbox.found(f"charges/{charge['id']}")
    assert (known["amount_refunded"], known["refunded"]) == (charge["amount"], True)
    assert error_of(sandbox.post("refunds", charge=charge["id"]))[:2] == (400, "charge_already_refunded")
    told = events(sandbox, "refund.created", "charge.refunded")[:4]
    assert [one["type"] for one in told] == ["charge.refunded", "refund.created"] * 2
    assert told[0]["data"]["previous_attributes"] == {"amount_refunded": 100, "refunded": False}


def test_refunds_need_a_charge_that_was_paid(sandbox: Sandbox) -> None:
    assert sandbox.post("refunds").status_code == 400
    assert error_of(sandbox.post("refunds", charge="ch_no")) == (400, "resource_missing", "charge")
    failed = next(one for one in sandbox.truth("charges").values() if not one["paid"])
    assert sandbox.post("refunds", charge=failed["id"]).status_code == 400


def test_the_same_key_gives_the_same_answer(sandbox: Sandbox) -> None:
    key = {"Idempotency-Key": "k-1"}
    first, again = (sandbox.post("customers", headers=key, name="A") for _ in range(2))
    assert first.content == again.content
    assert (first.headers.get("Idempotent-Replayed"), again.headers["Idempotent-Replayed"]) == (None, "true")
    assert (again.headers["Idempotency-Key"], again.headers["Original-Request"]) == ("k-1", first.headers["Request-Id"])
    other = sandbox.post("customers", headers=key, name="B")
    assert (other.status_code, other.json()["error"]["type"]) == (400, "idempotency_error")
    assert len(sandbox.truth("customers")) == 121
    sandbox.advance(86400)
    assert sandbox.post("customers", headers=key, name="B").status_code == 200


def test_a_refusal_after_work_began_is_kept_but_a_malformed_request_is_not(sandbox: Sandbox) -> None:
    key = {"Idempotency-Key": "k-2"}
    assert sandbox.post("customers", headers=key, nmae="A").status_code == 400
    assert sandbox.post("customers", headers=key, name="A").status_code == 200
    charge = paid_charge(sandbox)
    refused = [sandbox.post("refunds", headers={"Idempotency-Key": "k-3"}, charge=charge["id"], amount=10**9)
               for _ in range(2)]  # fmt: skip
    assert [one.headers.get("Idempotent-Replayed") for one in refused] == [None, "true"]


def test_a_key_in_use_is_a_conflict(sandbox: Sandbox) -> None:
    sandbox.settings(write_ms=300)
    with ThreadPoolExecutor(2) as pool:
        key = {"Idempotency-Key": "k-4"}
        answers = list(pool.map(lambda _: sandbox.post("customers", headers=key, name="A"), range(2)))
    assert sorted(one.status_code for one in answers) == [200, 409]
    conflict = next(one for one in answers if one.status_code == 409)
    assert error_of(conflict)[1] == "idempotency_key_in_use"
    assert len(sandbox.truth("customers")) == 121


def test_little_can_be_noted_on_payments(sandbox: Sandbox) -> None:
    charge = paid_charge(sandbox)
    noted = sandbox.made(f"charges/{charge['id']}", description="Row A", **{"metadata[hub_id]": "9"})
    assert (noted["description"], noted["metadata"]["hub_id"]) == ("Row A", "9")
    assert sandbox.made(f"payment_intents/{charge['payment_intent']}", description="Row A")["description"] == "Row A"
    assert error_of(sandbox.post(f"charges/{charge['id']}", amount="1"))[1] == "parameter_unknown"


FORM = {"Content-Type": "application/x-www-form-urlencoded"}
