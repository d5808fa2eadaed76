"""Which fields the contacts of an audience have: its merge fields, asked live."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import asking
from integrations.providers.mailchimp.fields import MEMBER, MERGE_FIELDS
from integrations.providers.types import JSON, Field, FieldType, ObjectType

_ASKED = ("merge_id", "tag", "name", "type", "required", "options")
_TYPES: Mapping[str, FieldType] = {
    "number": FieldType.NUMBER, "phone": FieldType.PHONE, "date": FieldType.DATE, "birthday": FieldType.DATE,
    "radio": FieldType.CHOICE, "dropdown": FieldType.CHOICE,
}  # fmt: skip
_ADDRESS = "address"
_PARTS: tuple[Field, ...] = tuple(each for each in MEMBER if each.id.startswith(f"{MERGE_FIELDS}ADDRESS."))


class MailchimpSchema:
    """One call for each chosen audience. A merge field's number stays when its tag and its label change."""

    decided: ClassVar[Mapping[ObjectType, tuple[str, ...]]] = {ObjectType.CUSTOMER: (MERGE_FIELDS,)}

    def live(self, api: ApiSession, chosen: Mapping[ObjectType, Sequence[str]]) -> dict[ObjectType, list[Field]]:
        """Return the merge fields; of several audiences together, each tag once."""
        found: dict[str, Field] = {}
        for audience in sorted(chosen.get(ObjectType.AUDIENCE, ())):
            path = f"{asking.audience(audience)}/merge-fields"
            listed = asking.listed(asking.ask(api, path, "merge_fields", _ASKED, offset=0), "merge_fields")
            for raw in listed:
                found |= {each.id: each for each in _fields(raw) if each.id not in found}
        return {ObjectType.CUSTOMER: list(found.values())} if chosen.get(ObjectType.AUDIENCE) else {}


def _fields(raw: JSON) -> Iterator[Field]:
    """Yield the fields that a merge field is to us: an address is one for each of its parts."""
    number, tag = asking.number_in(raw, "merge_id"), asking.text_in(raw, "tag")
    label, is_required = str(raw.get("name") or tag), raw.get("required") is True
    if raw.get("type") == _ADDRESS:
        for part in _PARTS:
            name = part.id.rpartition(".")[2]
            own = part.label if tag == "ADDRESS" else f"{label}: {part.label.lower()}"
            yield Field(f"{MERGE_FIELDS}{tag}.{name}", own, part.type, stable=f"{number}.{name}", writable=True)
        return
    options: Any = raw.get("options") or {}
    size = options.get("size")
    yield Field(
        f"{MERGE_FIELDS}{tag}", label, _TYPES.get(str(raw.get("type")), FieldType.TEXT), stable=str(number),
        writable=True, required=is_required, choices=tuple(str(each) for each in options.get("choices") or ()),
        longest=size if isinstance(size, int) else 0,
    )  # fmt: skip
