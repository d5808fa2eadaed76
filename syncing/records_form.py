"""The form for a record's simple fields. What is wrong is said by the same check as in the API."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone

from integrations.providers.types import FieldType, ObjectType
from mappings import canonical
from mappings.canonical import CanonicalField
from mappings.canonical_check import Fault
from mappings.canonical_values import CHOICES
from syncing import merge

_SIMPLE = frozenset({
    FieldType.TEXT, FieldType.EMAIL, FieldType.PHONE, FieldType.COUNTRY, FieldType.DATE, FieldType.DATETIME,
    FieldType.BOOLEAN, FieldType.CHOICE,
})  # fmt: skip
# Consent is given by the person, not by whoever edits; a currency belongs to the amounts that are in it.
_NEVER = ("marketing_consent.", "currency")
_LONG = frozenset({"note", "description"})
_AUTOCOMPLETE_OFF = {"autocomplete": "off"}


def can_be_made(object_type: ObjectType) -> bool:
    """Return whether a record of this kind can be made by hand: all that it needs is simple."""
    known = {each.path for each in _fields(object_type)}
    return all(each.path in known for each in canonical.OBJECTS[object_type].fields if each.required)


class RecordForm(forms.Form):
    """The simple fields of a record, each named by its path."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(
        self, object_type: ObjectType, fields: Mapping[str, Any], data: Any = None, *, version: int | None = None
    ) -> None:
        """Show these canonical fields; `version` is the one that they belong to."""
        self._shapes = {each.path: each for each in _fields(object_type)}
        values = merge.flat(fields)
        initial = {path: _shown(shape, values.get(path)) for path, shape in self._shapes.items()}
        super().__init__(data, initial=initial | {"version": version}, label_suffix="")
        self._before = fields
        self.fields |= {path: _field(object_type, shape) for path, shape in self._shapes.items()}

    @property
    def rows(self) -> Iterable[Any]:
        """Return the visible fields in reading order."""
        return [self[path] for path in self._shapes]

    def changes(self) -> dict[str, Any]:
        """Return the top-level fields that were changed, as the own side takes them: an address always as a whole."""
        tops = {path.split(".")[0] for path in self.changed_data if path in self._shapes}
        found: dict[str, Any] = {}
        for path, shape in self._shapes.items():
            top, _, part = path.partition(".")
            if top in tops:
                value = _given(shape, self.cleaned_data[path])
                if part:
                    found.setdefault(top, dict(self._before.get(top) or {}))[part] = value
                else:
                    found[top] = value
        return found

    def refuse(self, faults: Iterable[Fault]) -> None:
        """Put what is wrong beside the field that it is about, or above the form."""
        for fault in faults:
            path = fault.pointer.removeprefix("/fields").strip("/").replace("/", ".")
            shape = self._shapes.get(path)
            self.add_error(path if shape else None, f"{shape.label}: {fault.detail}" if shape else fault.detail)


def _fields(object_type: ObjectType) -> list[CanonicalField]:
    return [
        each
        for each in canonical.OBJECTS[object_type].fields
        if each.type in _SIMPLE and not each.path.startswith(_NEVER)
        and (each.type != FieldType.CHOICE or (object_type, each.path) in CHOICES)
    ]  # fmt: skip


def _field(object_type: ObjectType, shape: CanonicalField) -> forms.Field:
    options: dict[str, Any] = {"label": shape.label, "required": False}
    match shape.type:
        case FieldType.CHOICE:
            known = CHOICES[object_type, shape.path]
            words = [(each, each.replace("_", " ").capitalize()) for each in known]
            return forms.ChoiceField(choices=[("", "Not said"), *words], **options)
        case FieldType.BOOLEAN:
            return forms.BooleanField(**options)
        case FieldType.DATE if shape.path != "birthday":
            return forms.DateField(widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"), **options)
        case FieldType.DATETIME:
            widget = forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
            return forms.DateTimeField(widget=widget, **options)
        case FieldType.EMAIL:
            return forms.CharField(widget=forms.TextInput(_AUTOCOMPLETE_OFF | {"inputmode": "email"}), **options)
        case FieldType.PHONE:
            return forms.CharField(widget=forms.TextInput(_AUTOCOMPLETE_OFF | {"inputmode": "tel"}), **options)
    if shape.path in _LONG:
        return forms.CharField(widget=forms.Textarea({"rows": 4}), **options)
    return forms.CharField(widget=forms.TextInput(_AUTOCOMPLETE_OFF), help_text=_HINTS.get(shape.path, ""), **options)


_HINTS = {
    "birthday": "Year-month-day, such as 1990-05-17; --05-17 without the year.",
    "address.country": "Two letters, such as GB.",
    "locale": "Such as en-GB.",
}


def _shown(shape: CanonicalField, value: Any) -> Any:
    if shape.type is FieldType.DATETIME and isinstance(value, str):
        return datetime.fromisoformat(value).replace(second=0, microsecond=0)
    return value


def _given(shape: CanonicalField, value: Any) -> Any:
    """Return a cleaned value in the JSON that the own side takes."""
    if shape.type is FieldType.DATETIME and value is not None:
        aware: datetime = value if timezone.is_aware(value) else timezone.make_aware(value)
        return aware.isoformat()
    if shape.type is FieldType.DATE and value is not None and not isinstance(value, str):
        return value.isoformat()
    if isinstance(value, str):
        return value.replace("\r\n", "\n") or None
    return value
