"""What the conditions of a query ask: windows of time, active or not, and tests of single records."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.quickbooks.errors import invalid_query
from integrations.sandbox.quickbooks.kinds import Kind, Of
from integrations.sandbox.quickbooks.query_words import Condition
from integrations.sandbox.quickbooks.shelf import BOTH
from integrations.sandbox.quickbooks.zones import Zone
from integrations.sandbox.store import ALWAYS, Window

Test = Callable[[Document], bool]
_INNER = ("value", "Address", "FreeFormNumber")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda own, asked: own == asked,
    "<": lambda own, asked: own < asked,
    ">": lambda own, asked: own > asked,
    "<=": lambda own, asked: own <= asked,
    ">=": lambda own, asked: own >= asked,
}


def window_of(conditions: Iterable[Condition], zone: Zone) -> Window:
    """The conditions on creation and last change as one window."""
    window = ALWAYS
    for condition in conditions:
        if condition.field.startswith("MetaData."):
            window = _narrowed(window, condition, zone)
    return window


def shown_by(kind: Kind, conditions: Iterable[Condition]) -> frozenset[bool]:
    """Active records only, unless Active is asked for; transactions know nothing of it."""
    if "Active" not in kind.filters:
        return BOTH
    shown, is_asked = BOTH, False
    for condition in conditions:
        if condition.field == "Active":
            is_asked = True
            shown &= frozenset(_flag(condition, value) for value in condition.values)
    return shown if is_asked else frozenset((True,))


def tests_of(kind: Kind, conditions: Iterable[Condition], zone: Zone) -> list[Test]:
    """Tests of what windows and Active do not say. QuickBooksError 4001 for a field that cannot be asked for."""
    found = []
    for condition in conditions:
        check_field(kind, condition.field)
        if condition.field != "Active" and not condition.field.startswith("MetaData."):
            found.append(_test(condition, kind.filters[condition.field]))
        elif condition.field == "Active" and condition.operator not in ("=", "IN"):
            raise invalid_query(f"Operator {condition.operator} is not supported for property Active")
    return found


def check_field(kind: Kind, name: str) -> None:
    if name not in kind.filters:
        raise invalid_query(f"Property {name} not found for Entity {kind.name}")


def value_of(document: Document, path: str, of: Of) -> Any:
    """What a record has to say about a field, in a form that can be compared."""
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, dict):
        found = next((found[name] for name in _INNER if name in found), None)
    return found if found is None or of in (Of.NUMBER, Of.FLAG) else str(found)


def _narrowed(window: Window, condition: Condition, zone: Zone) -> Window:
    name = "created" if condition.field == "MetaData.CreateTime" else "updated"
    if condition.operator not in _COMPARE:
        raise invalid_query(f"Operator {condition.operator} is not supported for property {condition.field}")
    try:
        moment = zone.parse(condition.values[0])
    except ValueError as error:
        raise invalid_query(f"value {condition.values[0]} is not a valid date-time") from error
    low, high = getattr(window, f"{name}_from"), getattr(window, f"{name}_to")
    if condition.operator in (">", ">=", "="):
        low = max(low, moment + (condition.operator == ">"))
    if condition.operator in ("<", "<=", "="):
        high = min(high, moment + (condition.operator != "<"))
    return replace(window, **{f"{name}_from": low, f"{name}_to": high})


def _test(condition: Condition, of: Of) -> Test:
    name, operator = condition.field, condition.operator
    asked = [_typed(condition, of, value) for value in condition.values]
    if operator == "IN":
        return lambda document: value_of(document, name, of) in asked
    if operator == "LIKE":
        return _like(name, of, condition)
    compare, wanted = _COMPARE[operator], asked[0]

    def test(document: Document) -> bool:
        own = value_of(document, name, of)
        return own is not None and compare(own, wanted)

    return test


def _like(name: str, of: Of, condition: Condition) -> Test:
    """Only % stands for something else; letters of both cases are the same."""
    if of is not Of.TEXT:
        raise invalid_query(f"Operator LIKE is not supported for property {name}")
    parts = map(re.escape, condition.values[0].split("%"))
    pattern = re.compile(".*".join(parts), re.IGNORECASE | re.DOTALL)
    return lambda document: pattern.fullmatch(value_of(document, name, of) or "") is not None


def _typed(condition: Condition, of: Of, value: str) -> Any:
    if of is Of.FLAG:
        return _flag(condition, value)
    try:
        if of is Of.NUMBER:
            return float(value)
        return date.fromisoformat(value).isoformat() if of is Of.DATE else value
    except ValueError as error:
        raise invalid_query(f"value {value} is not valid for property {condition.field}") from error


def _flag(condition: Condition, value: str) -> bool:
    if value.lower() not in ("true", "false"):
        raise invalid_query(f"value {value} is not valid for property {condition.field}")
    return value.lower() == "true"
