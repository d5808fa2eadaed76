"""How names with brackets become nested values: `metadata[a]=b`, `expand[]=x`, `items[0][price]=y`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.errors import StripeError, invalid

FORM = "application/x-www-form-urlencoded"
_NAME = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")
_PART = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST = 5
_MOST = 1000


def nested(pairs: Iterable[tuple[str, str]]) -> Document:
    """The values by name; StripeError for names that are broken, doubled or at odds with each other."""
    tree: Document = {}
    for name, value in pairs:
        match = _NAME.match(name)
        if match is None:
            raise invalid(f"Invalid parameter name: {name}", name)
        _put(tree, [match[1], *_PART.findall(match[2])], value, name)
    return tree


def read_form(body: bytes, content_type: str) -> Document:
    """The fields of a form body. Anything but a form is refused, JSON too."""
    if not body:
        return {}
    if content_type != FORM:
        message = f"Invalid request (check that your POST content type is {FORM})."
        raise StripeError(400, message)
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MOST
        )  # fmt: skip
    except ValueError as error:
        raise StripeError(400, "Invalid request: the body is not a form.") from error
    return nested(pairs)


def _put(tree: Document, path: list[str], value: str, name: str) -> None:
    if len(path) > _DEEPEST:
        raise invalid(f"Invalid parameter name: {name}", name)
    node: Any = tree
    for part in path[:-1]:
        node = node.setdefault(_place(node, part), {})
        if not isinstance(node, dict):
            raise invalid(f"Invalid hash: {name}", name)
    place = _place(node, path[-1])
    if place in node:
        raise invalid(f"Invalid request: {name} was sent twice.", name)
    node[place] = value


def _place(node: Document, part: str) -> str:
    """Empty brackets mean the next place of a list."""
    return part or str(len(node))
