"""Typed values as JSON that gives the same values back: what a write held when it was first sent. Pure."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from integrations.providers.types import Money

_KIND = "$"


def frozen(value: Any) -> Any:
    """Return plain JSON from which `thawed` makes the same value. Raises TypeError for a kind that is not known."""
    match value:
        case None | bool() | int() | float() | str():
            return value
        case Money():
            return {_KIND: "money", "minor": value.minor, "currency": value.currency}
        case datetime():
            return {_KIND: "time", "at": value.isoformat()}
        case date():
            return {_KIND: "day", "at": value.isoformat()}
        case Decimal():
            return {_KIND: "number", "text": str(value)}
        case Mapping():
            return {str(name): frozen(each) for name, each in value.items()}
        case list() | tuple():
            return [frozen(each) for each in value]
    raise TypeError(f"A {type(value).__name__} cannot be kept.")


def thawed(value: Any) -> Any:
    """Return the value that was frozen."""
    if isinstance(value, list):
        return [thawed(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    match value.get(_KIND):
        case "money":
            return Money(value["minor"], value["currency"])
        case "time":
            return datetime.fromisoformat(value["at"])
        case "day":
            return date.fromisoformat(value["at"])
        case "number":
            return Decimal(value["text"])
    return {name: thawed(each) for name, each in value.items()}
