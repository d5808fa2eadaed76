"""The way out: from a record's canonical fields to a provider's values by field id. Pure.

The rules are those of the engine; here canonical values are found by path, amounts and times get their types back, and
targets stay flat, for a field id is one name however many dots it has.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from integrations.providers.types import Money
from mappings.change import Context
from mappings.engine import Mapper, Remark, Rule, compile_rules

# Worked out of canonical fields: the paths that they are made of.
DERIVED: dict[str, tuple[str, ...]] = {"full_name": ("given_name", "family_name")}


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A provider's values by field id, and what could not be carried.

    `withheld` are the field ids for which we have a value that the rules do not let out, or that does not fit: what
    the provider has there stays.
    """

    values: dict[str, Any]
    remarks: list[Remark]
    withheld: frozenset[str]


class OutboundMapper:
    """The compiled rules of one object on its way out."""

    def __init__(self, rules: Iterable[Rule], context: Context) -> None:
        """Compile the rules. Raises BadRule."""
        self._rules = list(rules)
        self._run: Mapper = compile_rules(
            [replace(rule, target=str(number)) for number, rule in enumerate(self._rules)], context, flat=True
        )

    def __bool__(self) -> bool:
        """Return whether there is any rule."""
        return bool(self._rules)

    def __call__(self, fields: Mapping[str, Any]) -> Outgoing:
        """Return what the provider shall have for these canonical fields. Never raises."""
        ours = {path: found_at(fields, path) for rule in self._rules for path in rule.reads}
        mapped = self._run(ours)
        values = {self._target(number): value for number, value in mapped.fields.items()}
        return Outgoing(
            values,
            [replace(remark, target=self._rules[int(remark.target)].source) for remark in mapped.remarks],
            frozenset(r.target for r in self._rules if ours[r.source] is not None and r.target not in values),
        )

    def touched(self, paths: Collection[str]) -> set[str]:
        """Return the field ids that these canonical paths end up in."""
        return {
            rule.target for rule in self._rules if any(_depends(each, path) for each in rule.reads for path in paths)
        }

    def sources(self, targets: Collection[str]) -> set[str]:
        """Return the canonical paths that these field ids are made of."""
        return {
            path
            for rule in self._rules
            if rule.target in targets
            for each in rule.reads
            for path in DERIVED.get(each, (each,))
        }

    def by_mode(self, mode: str) -> frozenset[str]:
        """Return the field ids that are filled in this way only, one of `UpdateMode`."""
        return frozenset(rule.target for rule in self._rules if rule.update_mode == mode)

    def _target(self, number: str) -> str:
        return self._rules[int(number)].target


def _depends(source: str, path: str) -> bool:
    return any(
        path == each or path.startswith(f"{each}.") or each.startswith(f"{path}.")
        for each in DERIVED.get(source, (source,))
    )


def found_at(fields: Mapping[str, Any], path: str) -> Any:
    """Return the value at a canonical path with its type, None where there is none."""
    if path in DERIVED:
        return " ".join(str(part) for each in DERIVED[path] if (part := fields.get(each))) or None
    value: Any = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return typed(value, is_time=path.endswith(("_at", ".at")) or path == "at")


def typed(value: Any, *, is_time: bool = False) -> Any:
    """Return stored JSON with its types: amounts, also inside lists, and times where it is one."""
    if isinstance(value, Mapping):
        if value.keys() == {"minor", "currency"}:
            return Money(int(value["minor"]), str(value["currency"]))
        return {name: typed(each) for name, each in value.items()}
    if isinstance(value, list):
        return [typed(each) for each in value]
    if is_time and isinstance(value, str):
        return datetime.fromisoformat(value)
    return value
