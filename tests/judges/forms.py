"""What Stripe's own description of its API has against a request. Nothing that is not declared passes.

Stripe takes forms. Each text in one is read as the declared type before it is judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator

from tests.judges.recorder import Sent

JSON = dict[str, Any]
FORM = "application/x-www-form-urlencoded"


@cache
def _paths(file: Path) -> JSON:
    return dict(_strict(json.loads(file.read_text())["paths"]))


def _strict(schema: Any) -> Any:
    """Return a schema in which nothing may be sent that is not declared, inside of objects either."""
    if isinstance(schema, list):
        return [_strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: _strict(value) for name, value in schema.items()}
    return found | ({"additionalProperties": False} if isinstance(schema.get("properties"), dict) else {})


def complaints(file: Path, sent: Sent) -> list[str]:
    """Return everything that the description has against a request; nothing is right."""
    operation = _operation(file, sent)
    if operation is None:
        return [f"{sent.method} {sent.path}: no such operation"]
    found = _about_form(sent, operation) if sent.method == "POST" else _about_query(sent, operation)
    return [f"{name_of(file, sent)}: {each}" for each in found]


def name_of(file: Path, sent: Sent) -> str:
    """Return the operation that a request is meant for, as "POST /v1/prices/{price}"."""
    fitting = [each for each in _paths(file) if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), sent.path)]
    return f"{sent.method} {min(fitting, key=lambda each: each.count('{'), default=sent.path)}"


def _operation(file: Path, sent: Sent) -> JSON | None:
    found: JSON | None = _paths(file).get(name_of(file, sent).partition(" ")[2], {}).get(sent.method.lower())
    return found


def _about_query(sent: Sent, operation: JSON) -> Iterator[str]:
    declared = {each["name"]: each["schema"] for each in operation.get("parameters", ()) if each["in"] == "query"}
    schema = {"type": "object", "properties": declared, "additionalProperties": False}
    yield from _problems(nested(sent.query), schema)
    if sent.body:
        yield "a body is sent, but none is declared"


def _about_form(sent: Sent, operation: JSON) -> Iterator[str]:
    if sent.headers.get("content-type") != FORM:
        yield f"the body is {sent.headers.get('content-type')}, not a form"
    pairs = parse_qsl(sent.body.decode(), keep_blank_values=True, strict_parsing=True)
    yield from _problems(nested(tuple(pairs)), operation["requestBody"]["content"][FORM]["schema"])


def _problems(values: JSON, schema: JSON) -> Iterator[str]:
    for error in Draft202012Validator(schema).iter_errors(_read(values, schema)):
        yield f"{'.'.join(map(str, error.absolute_path))}: {error.message[:200]}"


def nested(pairs: tuple[tuple[str, str], ...]) -> JSON:
    """Return names with brackets as values inside each other; empty brackets are the next place of a list."""
    tree: JSON = {}
    for name, value in pairs:
        *above, last = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[last or str(len(node))] = value
    return tree


def _read(value: Any, schema: JSON) -> Any:
    """Return a value of a form as what it is declared to be; as it is where it cannot be that."""
    if "anyOf" in schema:
        read = [_read(value, each) for each in schema["anyOf"]]
        fitting = zip(read, schema["anyOf"], strict=True)
        return next((each for each, kind in fitting if Draft202012Validator(kind).is_valid(each)), read[0])
    kind = schema.get("type")
    if kind == "object" and isinstance(value, dict):
        known, other = schema.get("properties", {}), schema.get("additionalProperties")
        rest = other if isinstance(other, dict) else {}
        return {name: _read(each, known.get(name, rest)) for name, each in value.items()}
    if kind == "array" and isinstance(value, dict):
        return [_read(each, schema.get("items", {})) for each in value.values()]
    if kind == "integer" and isinstance(value, str) and re.fullmatch(r"-?\d+", value):
        return int(value)
    return value == "true" if kind == "boolean" and value in ("true", "false") else value
