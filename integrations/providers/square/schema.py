"""Which attributes a seller keeps on its customers besides Square's own, asked live.

Their values would cost a call for each customer and are not read: what is known here is that they are there.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from integrations.providers.errors import Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import JSON, Field, FieldType, ObjectType

ATTRIBUTES = "custom_attributes."
_PATH = "/v2/customers/custom-attribute-definitions"
_MOST = 100  # that Square gives in one answer
_TYPES: Mapping[str, FieldType] = {
    "Email": FieldType.EMAIL, "PhoneNumber": FieldType.PHONE, "Date": FieldType.DATE, "DateTime": FieldType.DATETIME,
    "Boolean": FieldType.BOOLEAN, "Number": FieldType.NUMBER,
}  # fmt: skip


class SquareSchema:
    """One call for a hundred definitions. Their keys never change, their names may."""

    decided: ClassVar[Mapping[ObjectType, tuple[str, ...]]] = {ObjectType.CUSTOMER: (ATTRIBUTES,)}

    def live(self, api: ApiSession, chosen: Mapping[ObjectType, Sequence[str]]) -> dict[ObjectType, list[Field]]:
        """Return the definitions of customers' attributes."""
        found: list[Field] = []
        cursor = None
        while True:
            body = api.get(_PATH, {"limit": _MOST, "cursor": cursor}).body
            found += [_field(raw) for raw in body.get("custom_attribute_definitions") or ()]
            following = body.get("cursor")
            if not following:
                return {ObjectType.CUSTOMER: found}
            if following == cursor:
                raise Transient("Square gave the same page cursor twice.", code="cursor_loop")
            cursor = following


def _field(raw: JSON) -> Field:
    key = raw.get("key")
    if not isinstance(key, str) or not key:
        raise Transient("Square told of an attribute without a key.", code="unreadable")
    schema: Any = raw.get("schema") or {}
    choices = (schema.get("items") or {}).get("names") or ()
    named = _TYPES.get(str(schema.get("$ref")).rpartition(".")[2], FieldType.TEXT)
    kind = named if not choices else FieldType.CHOICE if schema.get("maxItems") == 1 else FieldType.LIST
    return Field(
        f"{ATTRIBUTES}{key}",
        str(raw.get("name") or key),
        kind,
        stable=key,
        choices=tuple(str(each) for each in choices),
    )
