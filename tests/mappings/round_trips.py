"""Rules that carry a field there and back, found in the shipped templates, and values for what they carry."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from hypothesis import strategies as st

from integrations.providers.types import Money
from mappings import judging, rules, templates
from mappings.models import Direction
from mappings.rules import RuleData

Pair = tuple[RuleData, RuleData]
WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
AMOUNTS = st.builds(Money, st.integers(-(10**9), 10**9), st.sampled_from(["GBP", "JPY", "KWD"]))
DAYS = st.dates(min_value=date(1971, 1, 1)).map(lambda day: day.isoformat())
_BY_NAME: Mapping[str, st.SearchStrategy[Any]] = {
    "email": st.emails().map(str.lower),
    "phone": st.integers(7_700_900_000, 7_700_900_999).map(lambda number: f"+44{number}"),
    "birthday": st.dates(min_value=date(1920, 1, 1)).map(lambda day: day.isoformat()),
    "address.country": st.sampled_from(["GB", "DE", "US", "FR"]),
    "marketing_consent.status": st.just("unsubscribed"),  # nothing else leaves: nobody is signed up by a sync
    "locale": st.sampled_from(["en", "de"]),
    "tags": st.lists(st.text("abc", min_size=1), min_size=1, unique=True),
    "archived": st.booleans(), "available": st.booleans(), "due_on": DAYS, "issued_on": DAYS,
    "quantity": st.decimals("0.01", 99, places=2).map(str),
} | dict.fromkeys(("total", "price", "unit_price", "gross", "discount", "tax"), AMOUNTS)  # fmt: skip


def two_way() -> dict[str, list[Pair]]:
    """Return by template the pairs of rules that carry a field there and back; not those that lose a part."""
    found = {each["key"]: rules.of_template(each["object_type"], each["rules"]) for each in templates.shipped()}
    return {key: pairs for key, listed in found.items() if (pairs := _pairs(listed))}


def fields(provider: str, pairs: Sequence[Pair]) -> st.SearchStrategy[dict[str, Any]]:
    """Return canonical fields as these rules carry them, nested by path."""
    return st.fixed_dictionaries({out.source: _value(provider, out, back) for out, back in pairs}).map(_nested)


def _pairs(listed: Sequence[RuleData]) -> list[Pair]:
    back = {(each.source, each.target): each for each in listed if each.direction == Direction.IN}
    return [
        (out, back[out.target, out.source])
        for out in listed
        if out.direction == Direction.OUT and (out.target, out.source) in back and not judging.loses(out)
    ]


def _value(provider: str, out: RuleData, back: RuleData) -> st.SearchStrategy[Any]:
    there, again = _step(out), _step(back)
    if "each" in there:
        return st.lists(_entry(provider, there["each"]["rules"], again["each"]["rules"]), min_size=1, max_size=4)
    if "reference" in again:
        pointer = {"provider": st.just(provider), "type": st.just(again["reference"]["to"]), "id": WORDS}
        return st.fixed_dictionaries(pointer)
    if "choice" in again and out.source not in _BY_NAME:
        return st.sampled_from(_agreed(there.get("choice"), again["choice"]))
    return _BY_NAME.get(out.source, WORDS)


def _entry(provider: str, there: Sequence[Any], again: Sequence[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Return an entry of a list with what is carried there and back; what is not, is not drawn."""
    listed = [RuleData("", Direction.OUT, each["source"], each["target"], each.get("transforms", ())) for each in there]
    listed += [RuleData("", Direction.IN, each["source"], each["target"], each.get("transforms", ())) for each in again]
    return st.fixed_dictionaries({out.source: _value(provider, out, back) for out, back in _pairs(listed)})


def _step(rule: RuleData) -> dict[str, Any]:
    return {each["name"]: each for each in rule.transforms}


def _agreed(there: Any, again: Any) -> list[Any]:
    """Return what two tables make of each other; what either side does not tell apart cannot come back."""
    table = there["table"] if there else {value: value for value in again["table"].values()}
    agreed = [key for key, value in table.items() if again["table"].get(value, again.get("otherwise")) == key]
    assert agreed
    return agreed


def _nested(values: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in values.items():
        *above, last = path.split(".")
        into = found
        for name in above:
            into = into.setdefault(name, {})
        into[last] = value
    return found
