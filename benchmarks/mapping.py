"""How fast rules map a record, against a function written by hand that does the same in the same run.

    .venv/bin/python -m benchmarks.mapping

Ten rules of a customer: names, company, e-mail, phone, address and note, with the changes that ship with Backline.
"""

import re
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from mappings.change import Context
from mappings.engine import Rule, compile_rules

GOAL = 0.5
_RECORDS, _PAIRS = 50_000, 5
_E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
RULES = [
    Rule("given_name", "given_name", [{"name": "trim"}]), Rule("family_name", "family_name", [{"name": "trim"}]),
    Rule("company_name", "company"), Rule("email_address", "email", [{"name": "trim"}, {"name": "lower"}]),
    Rule("phone_number", "phone", [{"name": "phone"}]), Rule("address.address_line_1", "address.line1"),
    Rule("address.locality", "address.city"), Rule("address.postal_code", "address.postal_code"),
    Rule("address.country", "address.country", [{"name": "upper"}]), Rule("note", "note"),
]  # fmt: skip


def record(number: int) -> dict[str, Any]:
    """Return a provider's typed values of one customer."""
    return {
        "given_name": f" Mia{number} ", "family_name": "Kovac", "company_name": "Lantern Ltd",
        "email_address": f"Mia{number}@Example.com", "phone_number": f"+4477009{number % 100_000:05}",
        "address.address_line_1": "1 High Street", "address.locality": "London", "address.postal_code": "N1 1AA",
        "address.country": "gb", "note": "vip",
    }  # fmt: skip


def by_hand(values: dict[str, Any]) -> dict[str, Any]:
    """Return the canonical fields, by a straight list of steps."""
    out: dict[str, Any] = {}
    for source, target in (("given_name", "given_name"), ("family_name", "family_name")):
        if (value := values.get(source)) is not None and (value := str(value).strip()):
            out[target] = value
    if (value := values.get("company_name")) is not None:
        out["company"] = value
    if (value := values.get("email_address")) is not None and (value := str(value).strip()):
        out["email"] = value.lower()
    if (value := values.get("phone_number")) is not None and _E164.match(text := str(value)):
        out["phone"] = text
    address = {}
    if (value := values.get("address.address_line_1")) is not None:
        address["line1"] = value
    if (value := values.get("address.locality")) is not None:
        address["city"] = value
    if (value := values.get("address.postal_code")) is not None:
        address["postal_code"] = value
    if (value := values.get("address.country")) is not None:
        address["country"] = str(value).upper()
    if address:
        out["address"] = address
    if (value := values.get("note")) is not None:
        out["note"] = value
    return out


def measured() -> tuple[float, float, float]:
    """Return the records a second of the rules and of the function, and their ratio: medians of pairs in one run."""
    rules, records = compile_rules(RULES, Context("square")), [record(number) for number in range(_RECORDS)]
    if rules(records[0]).fields != by_hand(records[0]):
        raise AssertionError("the two do not do the same")
    pairs = [(_rate(rules, records), _rate(by_hand, records)) for _ in range(_PAIRS)]
    ratio = statistics.median(ours / bound for ours, bound in pairs)
    return statistics.median(each for each, _ in pairs), statistics.median(each for _, each in pairs), ratio


def main() -> int:
    """Measure, print the figures and return 1 when they fall short of the goal."""
    ours, bound, ratio = measured()
    print(f"rules {ours:,.0f} records/s, by hand {bound:,.0f}: {ratio:.2f} (goal {GOAL})")
    return 0 if ratio >= GOAL else 1


def _rate(run: Callable[[dict[str, Any]], object], records: list[dict[str, Any]]) -> float:
    began = time.perf_counter()
    for each in records:
        run(each)
    return len(records) / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
