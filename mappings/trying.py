"""What rules would make of a record, step by step and without writing anything. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mappings.engine import BadRule, compile_rules
from mappings.outbound import found_at
from mappings.rules import RuleData
from mappings.transforms import Context


@dataclass(frozen=True, slots=True)
class Step:
    """A transform, and the value after it."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one field: its source, each step, the result, and what is wrong with it, "" for nothing."""

    source: str
    target: str
    input: Any
    steps: list[Step] = field(default_factory=list)
    output: Any = None
    warning: str = ""


def inward(rules: Sequence[RuleData], values: Mapping[str, Any], context: Context) -> list[Tried]:
    """Return what each rule makes of a provider's typed values."""
    return [_tried(rule, values.get(rule.source), context) for rule in rules]


def outward(rules: Sequence[RuleData], fields: Mapping[str, Any], context: Context) -> list[Tried]:
    """Return what each rule makes of our own fields."""
    return [_tried(rule, found_at(fields, rule.source), context) for rule in rules]


def _tried(rule: RuleData, value: Any, context: Context) -> Tried:
    steps: list[Step] = []
    now, warning = value, ""
    for length, step in enumerate(rule.transforms, start=1):
        if value is None:
            break
        so_far = replace(rule.rule(), target="x", transforms=rule.transforms[:length], default=None, required=False)
        try:
            mapped = compile_rules([replace(so_far, source="x")], context)({"x": value})
        except BadRule as error:
            return Tried(rule.source, rule.target, value, steps, None, str(error))
        now = mapped.fields.get("x")
        if mapped.remarks:
            warning = f"{mapped.remarks[0].sentence}."
            break
        steps.append(Step(str(step.get("name", "")), now))
    output = rule.default if now is None or warning else now
    if output is None and rule.required and not warning:
        warning = "There is no value, and one is needed."
    return Tried(rule.source, rule.target, value, steps, output, warning)
