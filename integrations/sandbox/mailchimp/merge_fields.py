"""Which merge fields an audience has, and how a member's values are shown under their tags."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.subscribers import ADDRESS, BIRTHDAY, FNAME, LNAME, OUTLETS, OWN, PHONE

TYPES = (
    "text", "number", "address", "phone", "date", "url", "imageurl", "radio", "dropdown", "birthday", "zip",
)  # fmt: skip
MOST = 30
Own = tuple[str, str, str, Document]
MEMBER_NUMBER: Own = ("MEMBERNO", "Member number", "number", {})
OUTLET: Own = ("OUTLET", "Kind of outlet", "dropdown", {"choices": list(OUTLETS)})
_COUNTRY_NUMBERS = {"GB": 222, "DE": 73}


class MergeFields:
    """The fields in their order, by merge_id."""

    def __init__(self, list_id: str, country: str, own: Own) -> None:
        self._list_id = list_id
        self._fields: dict[int, Document] = {}
        for merge_id, tag, name, kind, options in (
            (FNAME, "FNAME", "First Name", "text", {"size": 25}),
            (LNAME, "LNAME", "Last Name", "text", {"size": 25}),
            (ADDRESS, "ADDRESS", "Address", "address", {"default_country": _COUNTRY_NUMBERS[country]}),
            (PHONE, "PHONE", "Phone Number", "phone", {"phone_format": "none"}),
            (BIRTHDAY, "BIRTHDAY", "Birthday", "birthday", {"date_format": "MM/DD"}),
            (OWN, *own),
        ):
            self._fields[merge_id] = self._made(merge_id, {"tag": tag, "name": name, "type": kind, "options": options})
        self._next_id = OWN + 1
        self.deleted: list[int] = []

    def all(self) -> list[Document]:
        return list(self._fields.values())

    def get(self, merge_id: int) -> Document | None:
        return self._fields.get(merge_id)

    def by_tag(self, tag: str) -> Document | None:
        return next((field for field in self._fields.values() if field["tag"] == tag), None)

    def next_tag(self) -> str:
        return f"MMERGE{self._next_id}"

    def add(self, wishes: Document) -> Document:
        merge_id = self._next_id
        self._next_id += 1
        self._fields[merge_id] = self._made(merge_id, wishes)
        return self._fields[merge_id]

    def replace(self, merge_id: int, field: Document) -> Document:
        self._fields[merge_id] = field
        return field

    def remove(self, merge_id: int) -> None:
        del self._fields[merge_id]
        self.deleted.append(merge_id)

    def shown(self, member: Document) -> Document:
        """The member as the API serves it: its values by tag, those of deleted fields gone."""
        values = member["merge_fields"]
        return member | {
            "merge_fields": {
                field["tag"]: values.get(merge_id, field["default_value"]) for merge_id, field in self._fields.items()
            }
        }

    def _made(self, merge_id: int, wishes: Document) -> Document:
        return {
            "merge_id": merge_id,
            "tag": wishes["tag"],
            "name": wishes["name"],
            "type": wishes["type"],
            "required": wishes.get("required", False),
            "default_value": wishes.get("default_value", ""),
            "public": wishes.get("public", True),
            "display_order": wishes.get("display_order", merge_id + 1),
            "options": wishes.get("options", {}),
            "help_text": wishes.get("help_text", ""),
            "list_id": self._list_id,
        }
