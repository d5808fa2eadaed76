"""What rules would make of a record, step by step and without writing anything. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.providers.types import Field
from mappings.change import Context
from mappings.engine import FIXED, BadRule, compile_rules
from mappings.outbound import found_at
from mappings.rules import RuleData


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
    return [_tried(rule, values, context) for rule in rules]


def outward(
    rules: Sequence[RuleData], fields: Mapping[str, Any], context: Context, theirs: Iterable[Field] = ()
) -> list[Tried]:
    """Return what each rule makes of our own fields, and whether it is what the provider’s fields (`theirs`) take."""
    known = {each.id: each for each in theirs}
    tried = [_tried(rule, {path: found_at(fields, path) for path in rule.rule().reads}, context) for rule in rules]
    return [
        each if each.warning else replace(each, warning=unfit(each.output, known.get(each.target))) for each in tried
    ]


def unfit(value: Any, field: Field | None) -> str:
    """Return why a provider’s field does not take a value, "" when it does as far as is known."""
    if field is None or value is None:
        return ""
    if field.longest and isinstance(value, str) and len(value) > field.longest:
        return f"It has {len(value):,} characters, and {field.label} takes {field.longest:,}."
    if field.choices and isinstance(value, str) and value not in field.choices:
        return f"“{value:.40}” is none of the choices of {field.label}."
    return ""


def _tried(rule: RuleData, values: Mapping[str, Any], context: Context) -> Tried:
    given = [value for each in rule.rule().reads if (value := values.get(each)) is not None]
    value = given[0] if len(given) == 1 else ", ".join(map(str, given)) or None
    steps: list[Step] = []
    now, warning = values.get(rule.source), ""
    for length, step in enumerate(rule.transforms, start=1):
        if not given and step.get("name") != FIXED:
            break
        so_far = replace(rule.rule(), target="x", transforms=rule.transforms[:length], default=None, required=False)
        try:
            mapped = compile_rules([so_far], context)(values)
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
