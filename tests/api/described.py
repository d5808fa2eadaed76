"""Holds an answer against the API's own description: every field described, nothing beside it."""

from typing import Any

import orjson
from jsonschema import Draft202012Validator

_BESIDE = {"nullable", "example", "xml", "discriminator", "readOnly", "writeOnly"}


def assert_as_described(openapi: dict[str, Any], response: Any, path: str, method: str) -> None:
    """Fail with the first place where the answer is not what the description promises."""
    documented = openapi["paths"][path][method]["responses"][str(response.status_code)]["content"]
    media_type = response["Content-Type"].split(";")[0]
    schema = {"components": strict(openapi["components"]), **strict(documented[media_type]["schema"])}
    found = [
        f"{error.json_path}: {error.message}"
        for error in Draft202012Validator(schema).iter_errors(orjson.loads(response.content))
    ]
    assert not found, found[:3]


def strict(node: Any) -> Any:
    """Return the schema as JSON Schema knows it: null as a type, and no field that is not described."""
    if isinstance(node, list):
        return [strict(each) for each in node]
    if not isinstance(node, dict):
        return node
    plain = {name: strict(value) for name, value in node.items() if name not in _BESIDE or isinstance(value, dict)}
    if isinstance(node.get("properties"), dict) and node.get("type") == "object":
        plain.setdefault("additionalProperties", False)
    if node.get("nullable") is True:
        return {"anyOf": [plain, {"type": "null"}]}
    return plain


def forms(openapi: dict[str, Any], schema: Any) -> list[dict[str, Any]]:
    """Return the forms that a schema has, without references."""
    if "$ref" in schema:
        return forms(openapi, openapi["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]])
    several = [*schema.get("oneOf", []), *schema.get("anyOf", []), *schema.get("allOf", [])]
    return [schema, *(form for each in several for form in forms(openapi, each))]
