"""How customers are searched: a small query language, pages of its own, and an index that runs behind."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.store import Key
from integrations.sandbox.stripe.calls import Call
from integrations.sandbox.stripe.errors import StripeError, invalid

Test = Callable[[Document], bool]
_CLAUSE = re.compile(
    r"""\s*(?P<not>-)?(?P<field>[a-z_]+)(?:\[(?P<mark>["'])(?P<key>[^"']+)(?P=mark)\])?"""
    r"""(?P<op>:|~|>=|<=|>|<)(?:(?P<quote>["'])(?P<text>[^"']*)(?P=quote)|(?P<number>\d+)|(?P<null>null))\s*"""
)
_JOINT = re.compile(r"(AND|OR)\s+", re.IGNORECASE)
_COMPARE: dict[str, Callable[[int, int], bool]] = {
    ":": lambda a, b: a == b, ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
}  # fmt: skip
_EXACT_EMAIL = re.compile(r"""^\s*email:(["'])([^"']+)\1\s*$""")


def search_customers(call: Call) -> Document:
    """Newest first. Writes of the last moments, as long as the lag is, are not found yet."""
    limit = int(call.asked.get("limit", 10))
    limit = min(limit, call.stripe.settings.page_size or limit)
    test = parse(call.asked["query"])
    found = list(islice(_found(call, test, _after(call.asked.get("page"))), limit + 1))
    next_page = _token(found[limit - 1][0]) if len(found) > limit else None
    return {
        "object": "search_result",
        "data": [document for _, document in found[:limit]],
        "has_more": len(found) > limit,
        "next_page": next_page,
        "url": call.path,
    }


def parse(query: str) -> Test:
    """The test that a query means: clauses joined by AND or by OR, never by both."""
    position, tests, joints = 0, [], set()
    while True:
        clause = _CLAUSE.match(query, position)
        if clause is None:
            raise invalid("We were unable to parse your search query.", "query")
        tests.append(_test(clause))
        position = clause.end()
        if position == len(query):
            break
        joint = _JOINT.match(query, position)
        if joint:
            position = joint.end()
        joints.add(joint[1].upper() if joint else "AND")
    if len(joints) > 1:
        raise invalid("A search query cannot join clauses by both AND and OR.", "query")
    together = any if joints == {"OR"} else all
    return lambda document: together(test(document) for test in tests)


def _test(clause: re.Match[str]) -> Test:
    name, operator = clause["field"], clause["op"]
    if name == "created":
        if clause["number"] is None or operator == "~":
            raise invalid("created is compared with a number.", "query")
        moment, compare = int(clause["number"]), _COMPARE[operator]
        test = _moment_test(compare, moment)
    elif name in ("email", "name", "phone") or (name == "metadata" and clause["key"]):
        test = _text_test(name, clause["key"], operator, clause["text"])
    else:
        raise invalid(f"Field `{name}` is an unsupported search field for resource `customers`.", "query")
    return (lambda document: not test(document)) if clause["not"] else test


def _moment_test(compare: Callable[[int, int], bool], moment: int) -> Test:
    return lambda document: compare(document["created"], moment)


def _text_test(name: str, key: str | None, operator: str, wanted: str | None) -> Test:
    """Without a text the field must be null. `~` finds parts of three characters and more."""
    if operator not in (":", "~") or (operator == "~" and len(wanted or "") < 3):
        raise invalid(f"The operator {operator} does not fit {name} here.", "query")

    def value(document: Document) -> Any:
        return document[name].get(key) if key else document[name]

    if wanted is None:
        return lambda document: value(document) is None
    folded = wanted.casefold()
    if operator == "~":
        return lambda document: folded in (value(document) or "").casefold()
    return lambda document: (value(document) or "").casefold() == folded


def _found(call: Call, test: Test, after: Key | None) -> Iterator[tuple[Key, Document]]:
    collection, behind = call.collection("customers"), _behind(call)
    for key, entry in collection.scan(descending=True, after=after, keep_index=_only(call), with_deleted=True):
        record_id = entry.document["id"]
        document = behind.get(record_id, None if entry.is_deleted else entry.document)
        if document is not None and test(document):
            yield key, document


def _only(call: Call) -> Callable[[int], bool] | None:
    """An exact address leads straight to the one generated customer who may have it."""
    exact = _EXACT_EMAIL.match(call.asked["query"])
    index = call.account.customers.index_of_email(exact[2].casefold()) if exact else None
    return (lambda candidate: candidate == index) if exact else None


def _behind(call: Call) -> dict[str, Document | None]:
    """Records whose last writes the index has not seen, as it still knows them."""
    account = call.account
    account.unindexed = [write for write in account.unindexed if write[0] > call.now]
    known: dict[str, Document | None] = {}
    for _, record_id, before in account.unindexed:
        known.setdefault(record_id, before)
    return known


def _token(key: Key) -> str:
    return base64.urlsafe_b64encode(f"{key[0]}.{key[1]}".encode()).decode().rstrip("=")


def _after(token: str | None) -> Key | None:
    if token is None:
        return None
    try:
        moment, rank = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().split(".")
        return int(moment), int(rank)
    except ValueError as error:
        raise StripeError(400, "Invalid page token.", param="page") from error
