"""Figures as the text that Prometheus scrapes: one family of samples for each name."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One value and the labels that tell it apart."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Family:
    """All samples of one name. Names and labels are constants of ours; values of labels may hold anything."""

    name: str
    help: str
    samples: Iterable[Sample]


def text(families: Iterable[Family]) -> str:
    """Return the families in the text format 0.0.4. Pure."""
    return "".join(line for family in families for line in _lines(family))


def _lines(family: Family) -> list[str]:
    told = family.help.replace("\\", "\\\\").replace("\n", "\\n")
    head = [f"# HELP {family.name} {told}\n", f"# TYPE {family.name} gauge\n"]
    return head + [f"{family.name}{_labels(each.labels)} {_number(each.value)}\n" for each in family.samples]


def _labels(labels: Mapping[str, str]) -> str:
    inner = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))
