"""What is different between two looks at the fields of a provider's object? Pure.

A field is the same one as long as its stable id is; where it has none, as long as its id is, or an id that the provider
says it had before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from integrations.providers.types import Field, FieldType

# As owners read them.
TYPE_WORDS: Mapping[FieldType, str] = {
    FieldType.TEXT: "text", FieldType.NUMBER: "number", FieldType.MONEY: "money", FieldType.DATE: "date",
    FieldType.DATETIME: "date and time", FieldType.BOOLEAN: "yes/no", FieldType.CHOICE: "choice",
    FieldType.LIST: "list", FieldType.PHONE: "phone", FieldType.EMAIL: "e-mail", FieldType.COUNTRY: "country",
    FieldType.REFERENCE: "link",
}  # fmt: skip


class Kind(StrEnum):
    """What can become of a field."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"  # the same field under another id
    REPLACED = "replaced"  # another field under the same id
    RETYPED = "retyped"
    NARROWED = "narrowed"  # it takes fewer choices
    SHORTENED = "shortened"
    CLOSED = "closed"  # it cannot be written any more
    DEMANDED = "demanded"  # it must be filled now
    RELABELLED = "relabelled"


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is different about one field. `before` is None for a new one, `after` for one that is gone."""

    kind: Kind
    before: Field | None
    after: Field | None

    @property
    def sentence(self) -> str:
        """Return it in an owner's words, without the provider's name."""
        return _SENTENCES[self.kind].format(before=_Words(self.before), after=_Words(self.after))


class _Words:
    """A field's facts as they stand in a sentence."""

    def __init__(self, field: Field | None) -> None:
        self.label = field.label if field else ""
        self.type = TYPE_WORDS[field.type] if field else ""
        self.longest = field.longest if field else 0


_SENTENCES: Mapping[Kind, str] = {
    Kind.ADDED: "“{after.label}” is new.",
    Kind.REMOVED: "“{before.label}” is not offered any more.",
    Kind.RENAMED: "“{before.label}” goes by another name now: “{after.label}”.",
    Kind.REPLACED: "Another field, “{after.label}”, has taken the place of “{before.label}”.",
    Kind.RETYPED: "“{before.label}” was {before.type} and is {after.type} now.",
    Kind.NARROWED: "“{before.label}” takes fewer choices now.",
    Kind.SHORTENED: "“{before.label}” takes at most {after.longest} characters now.",
    Kind.CLOSED: "“{before.label}” can only be read now.",
    Kind.DEMANDED: "“{after.label}” must be filled now.",
    Kind.RELABELLED: "“{before.label}” is called “{after.label}” now.",
}


def differences(old: Iterable[Field], new: Iterable[Field]) -> list[Difference]:
    """Return everything that is different, in the order of the old fields, then what is new."""
    old, new = list(old), list(new)
    found: list[Difference] = []
    met: set[str] = set()
    for field in old:
        after = heir(field, new)
        if after is not None:
            met.add(after.id)
        found += _of(field, after, new)
    fresh = [field for field in new if field.id not in met]
    found += [Difference(Kind.ADDED, None, field) for field in fresh]
    found += [Difference(Kind.DEMANDED, None, field) for field in fresh if field.required]
    return found


def heir(field: Field, new: Iterable[Field]) -> Field | None:
    """Return the field that is the same one as `field`, None where it is gone."""
    new = list(new)
    by_id = next((each for each in new if each.id == field.id), None)
    if field.stable:
        by_stable = next((each for each in new if each.stable == field.stable), None)
        if by_stable is not None:
            return by_stable
        if by_id is not None and by_id.stable:
            return None
    if by_id is not None:
        return by_id
    return next((each for each in new if field.id in each.aliases), None)


def _of(before: Field, after: Field | None, new: list[Field]) -> list[Difference]:
    if after is None:
        usurper = next((each for each in new if each.id == before.id), None)
        return [Difference(Kind.REPLACED if usurper else Kind.REMOVED, before, usurper)]
    tests = {
        Kind.RENAMED: after.id != before.id,
        Kind.RETYPED: after.type != before.type,
        Kind.NARROWED: bool(after.choices) and not set(after.choices) >= set(before.choices),
        Kind.SHORTENED: after.longest > 0 and (before.longest == 0 or after.longest < before.longest),
        Kind.CLOSED: before.writable and not after.writable,
        Kind.DEMANDED: after.required and not before.required,
        Kind.RELABELLED: after.id == before.id and after.label != before.label,
    }
    return [Difference(kind, before, after) for kind, is_so in tests.items() if is_so]
