"""Carries typed values to canonical fields by rules. Pure: rules and values in, fields and remarks out.

Rules are compiled once per run into closures; a record then costs one pass over them. Only mapped fields leave.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mappings.transforms import TRANSFORMS, Change, Context, Unfit


@dataclass(frozen=True, slots=True)
class Rule:
    """One source field to one target field. `transforms` is a list of {"name": ..., arguments...}."""

    source: str
    target: str
    transforms: Sequence[Mapping[str, Any]] = ()
    default: Any = None
    required: bool = False


@dataclass(frozen=True, slots=True)
class Remark:
    """A value that could not be carried: the target field and the reason in words."""

    target: str
    sentence: str
    required: bool


@dataclass(slots=True)
class Mapped:
    """The canonical fields of one record, nested by path, and what was left behind."""

    fields: dict[str, Any] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)


class BadRule(ValueError):
    """A rule that cannot be compiled; the sentence names the rule and what is wrong with it."""


Mapper = Callable[[Mapping[str, Any]], Mapped]
_Step = tuple[str, tuple[str, ...], tuple[Change, ...], Any, bool, str]


def compile_rules(rules: Iterable[Rule], context: Context) -> Mapper:
    """Return a function from typed values to canonical fields. Raises BadRule. The function never raises."""
    rules = list(rules)
    _refuse_overlaps([rule.target for rule in rules])
    steps: list[_Step] = [
        (rule.source, tuple(rule.target.split(".")), _chain(rule, context), rule.default, rule.required, rule.target)
        for rule in rules
    ]

    def run(values: Mapping[str, Any]) -> Mapped:
        mapped = Mapped()
        out = mapped.fields
        for source, path, chain, default, required, target in steps:
            value = values.get(source)
            if value is not None:
                try:
                    for change in chain:
                        value = change(value)
                        if value is None:
                            break
                except Unfit as unfit:
                    mapped.remarks.append(Remark(target, str(unfit), required))
                    value = None
            if value is None:
                value = default
            if value is None:
                if required and not any(remark.target == target for remark in mapped.remarks):
                    mapped.remarks.append(Remark(target, "there is no value", required))
                continue
            if len(path) == 1:
                out[path[0]] = value
            else:
                _put(out, path, value)
        return mapped

    return run


def _refuse_overlaps(targets: list[str]) -> None:
    """Raise BadRule when one target is a part of another: “address” and “address.city” cannot both be filled."""
    whole = set(targets)
    for target in targets:
        parts = target.split(".")
        for length in range(1, len(parts)):
            if (above := ".".join(parts[:length])) in whole:
                raise BadRule(f"The rules fill both {above} and its part {target}; keep one of them.")


def _put(out: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for part in path[:-1]:
        out = out.setdefault(part, {})
    out[path[-1]] = value


def _chain(rule: Rule, context: Context) -> tuple[Change, ...]:
    return tuple(_made(rule, entry, context) for entry in rule.transforms)


def _made(rule: Rule, entry: Mapping[str, Any], context: Context) -> Change:
    name: Any = entry
    try:
        arguments = dict(entry)
        name = arguments.pop("name", "")
        if name == "each":
            return _each([Rule(**inner) for inner in arguments["rules"]], context)
        return TRANSFORMS[name](context, **arguments)
    except BadRule:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise BadRule(f"The rule for {rule.target} uses “{name}” in a way that is not known ({error}).") from error


def _each(rules: list[Rule], context: Context) -> Change:
    """Return a change that carries every entry of a list by rules of its own."""
    inner = compile_rules(rules, context)

    def change(value: Any) -> list[dict[str, Any]]:
        if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
            raise Unfit("this is not a list of entries")
        return [inner(entry).fields for entry in value]

    return change
