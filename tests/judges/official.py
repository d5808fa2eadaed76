"""What a vendor's own description of its API has against a request. Nothing that is not declared passes.

Reads OpenAPI 3.0 (Square) and Swagger 2.0 (Mailchimp).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import best_match

from tests.judges.recorder import Sent

JSON = dict[str, Any]
_TIME_IN_WORDS = re.compile(r"RFC 3339|ISO 8601")
_DATE_ONLY = re.compile(r"YYYY-MM-DD")
_formats = FormatChecker(formats=())


@_formats.checks("vendor-time", raises=ValueError)
def _is_time(value: Any) -> bool:
    """Times in words only: "RFC 3339 format" means a date, a time and an offset."""
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


class Description:
    """An official description. `base` is the path in front of all of its paths."""

    def __init__(self, file: Path, base: str = "") -> None:
        told = json.loads(file.read_text())
        self.paths: JSON = told["paths"]
        self._base = base
        self._components = {"schemas": {
            name: strict(schema) for name, schema in told.get("components", {}).get("schemas", {}).items()
        }}  # fmt: skip

    def name_of(self, sent: Sent) -> str:
        """Return the operation that a request is meant for, as "GET /lists/{list_id}"."""
        return f"{sent.method} {self._template(sent) or sent.path}"

    def permissions(self, sent: Sent) -> set[str]:
        """Return the permissions that the operation asks for."""
        asked = self._operation(sent).get("security") or []
        return {scope for each in asked for scope in each.get("oauth2") or ()}

    def complaints(self, sent: Sent) -> list[str]:
        """Return everything that the description has against a request; nothing is right."""
        if self._template(sent) is None:
            return [f"{sent.method} {sent.path}: no such path"]
        if not self._operation(sent):
            return [f"{self.name_of(sent)}: no such method"]
        found = [*self._about_parameters(sent), *self._about_body(sent)]
        return [f"{self.name_of(sent)}: {each}" for each in found]

    def _template(self, sent: Sent) -> str | None:
        """Return the path as described, the most literal one that fits."""
        if not sent.path.startswith(self._base):
            return None
        asked = sent.path.removeprefix(self._base)
        fitting = [each for each in self.paths if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", each), asked)]
        return min(fitting, key=lambda each: each.count("{"), default=None)

    def _operation(self, sent: Sent) -> JSON:
        found: JSON = self.paths.get(self._template(sent) or "", {}).get(sent.method.lower(), {})
        return found

    def _about_parameters(self, sent: Sent) -> Iterator[str]:
        declared = {each["name"]: each for each in self._operation(sent).get("parameters", ()) if each["in"] == "query"}
        for name in {name for name, _ in sent.query}:
            values = [value for each, value in sent.query if each == name]
            if name not in declared:
                yield f"?{name} is not declared"
            elif len(values) > 1:
                yield f"?{name} is given {len(values)} times"
            else:
                yield from self._about_value(f"?{name}", values[0], declared[name])
        for name in declared.keys() - {name for name, _ in sent.query}:
            if declared[name].get("required"):
                yield f"?{name} is missing"
        if "fields" in declared:
            yield from self._about_named_fields(sent)

    def _about_value(self, where: str, text: str, parameter: JSON) -> Iterator[str]:
        """A query holds texts; each is read as the declared type first."""
        schema = parameter.get("schema") or {name: value for name, value in parameter.items() if name in _OF_A_SCHEMA}
        schema = strict(schema | {"description": parameter.get("description", "")})
        yield from self._problems(where, _read(text, self._plain(schema).get("type")), schema)

    def _about_named_fields(self, sent: Sent) -> Iterator[str]:
        """Every name in `?fields=` must be one that the answer has."""
        answer = self._operation(sent)["responses"]["200"].get("schema", {})
        for path in ",".join(value for name, value in sent.query if name == "fields").split(","):
            schema = answer
            for name in path.split(".") if path else ():
                schema = schema.get("items", schema).get("properties", {}).get(name)
                if schema is None:
                    yield f"?fields names {path}, which no answer has"
                    break

    def _about_body(self, sent: Sent) -> Iterator[str]:
        schema = self._body_schema(sent)
        if schema is None:
            if sent.body:
                yield f"a body is sent, but none is declared: {sent.body[:60]!r}"
        elif not sent.headers.get("content-type", "").startswith("application/json"):
            yield f"the body is {sent.headers.get('content-type')}, not JSON"
        else:
            yield from self._problems("body", json.loads(sent.body), strict(schema))

    def _body_schema(self, sent: Sent) -> JSON | None:
        operation = self._operation(sent)
        for each in operation.get("parameters", ()):
            if each["in"] == "body":
                return dict(each["schema"])
        told = operation.get("requestBody")
        return dict(told["content"]["application/json"]["schema"]) if told else None

    def _plain(self, schema: JSON) -> JSON:
        name = schema.get("$ref", "").rpartition("/")[2]
        return dict(self._components["schemas"][name]) if name else schema

    def _problems(self, where: str, value: Any, schema: JSON) -> Iterator[str]:
        judge = Draft202012Validator(schema | {"components": self._components}, format_checker=_formats)
        for error in judge.iter_errors(value):
            worst = best_match([error]) or error
            yield f"{where}{''.join(f'.{part}' for part in worst.absolute_path)}: {worst.message}"


_OF_A_SCHEMA = {"type", "enum", "items", "minimum", "maximum", "minLength", "maxLength", "pattern"}


def strict(schema: Any) -> Any:
    """Return a schema of OpenAPI as JSON Schema in which what is not declared, or only read, may not be sent."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: strict(value) for name, value in schema.items() if name not in ("properties", "example", "default")}
    if "$ref" in schema:
        found = {"$ref": schema["$ref"]}
    if "properties" in schema:
        writable = {name: each for name, each in schema["properties"].items() if not each.get("readOnly")}
        found["properties"] = {name: strict(each) for name, each in writable.items()}
        found.setdefault("additionalProperties", False)
        if "required" in schema:
            found["required"] = [name for name in schema["required"] if name in writable]
    if schema.get("type") == "string" and _is_told_to_be_a_time(schema):
        found["format"] = "vendor-time"
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") else found


def _is_told_to_be_a_time(schema: JSON) -> bool:
    words = str(schema.get("description", ""))
    return bool(_TIME_IN_WORDS.search(words)) and not _DATE_ONLY.search(words)


def _read(text: str, type_: Any) -> Any:
    """Return a text of a query as the value it stands for; as it is where it stands for none."""
    if type_ == "integer" and re.fullmatch(r"-?\d+", text):
        return int(text)
    if type_ == "boolean" and text in ("true", "false"):
        return text == "true"
    return text.split(",") if type_ == "array" else text
