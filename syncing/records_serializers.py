"""The bodies of the records routes: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from connections.serializers import VenueRequest
from integrations.api_contract import StrictSerializer
from integrations.api_docs import FieldError, choices_of
from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass
from syncing import own
from syncing.models import LinkState


class CanonicalFields(serializers.DictField):
    """A record's canonical fields; which there are and what they hold is told by `docs/reference/api.md`."""


_KEY: dict[str, Any] = {
    "allow_null": True, "required": False,
    "help_text": "Your own key for the record, at most 200 characters; sent again, it changes the same record.",
}  # fmt: skip


class OneRecordRequest(VenueRequest):
    """One record, made new or changed by your own key."""

    key = serializers.CharField(max_length=200, trim_whitespace=False, **_KEY)
    fields = CanonicalFields(help_text="What is named replaces what is there, null empties it.")  # type: ignore[assignment]


class RecordEntry(StrictSerializer):
    """One of several records."""

    key = serializers.CharField(max_length=200, **_KEY)
    fields = CanonicalFields()  # type: ignore[assignment]


class ManyRecordsRequest(VenueRequest):
    """Up to 1,000 records, each made new or changed by your own key."""

    records = RecordEntry(many=True)


class RawEntries(VenueRequest):
    """Several records as they came: each is looked at by itself, so that a bad one never keeps the others back."""

    records = serializers.ListField(child=serializers.JSONField(), allow_empty=False, max_length=own.MOST_AT_ONCE)


class RecordChange(VenueRequest):
    """What shall change of a record; what is not named stays."""

    fields = CanonicalFields(help_text="What is named replaces what is there, null empties it.")  # type: ignore[assignment]


class LinkProblem(serializers.Serializer[Any]):
    """What is wrong with a record at a provider."""

    code = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `class`, which Python keeps for itself."""
        return {**super().get_fields(), "class": serializers.ChoiceField(choices=choices_of(ErrorClass))}


class LinkTold(serializers.Serializer[Any]):
    """A record's counterpart at a provider."""

    provider = serializers.ChoiceField(choices=list(PROVIDERS))
    external_id = serializers.CharField(allow_null=True, help_text="Null until the provider has named it.")
    state = serializers.ChoiceField(choices=LinkState.choices)
    state_label = serializers.CharField()
    problem = LinkProblem(allow_null=True)


class RecordTold(serializers.Serializer[Any]):
    """A record of the venue: its fields here, and how it stands at what is connected."""

    id = serializers.UUIDField()
    object = serializers.ChoiceField(choices=[(str(each), str(each)) for each in own.OBJECTS])
    key = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(help_text="Grows by one with every real change.")
    fields = CanonicalFields()  # type: ignore[assignment]
    changed_at = serializers.DateTimeField()
    deleted = serializers.BooleanField()
    links = LinkTold(many=True)


class RecordsPage(serializers.Serializer[Any]):
    """One page of records, the newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = RecordTold(many=True)


class EntryOutcome(serializers.Serializer[Any]):
    """What became of one entry, in the order in which they were sent."""

    outcome = serializers.ChoiceField(choices=choices_of(own.Action))
    id = serializers.UUIDField(allow_null=True)
    key = serializers.CharField(allow_null=True)
    version = serializers.IntegerField(allow_null=True)
    errors = FieldError(many=True)  # type: ignore[assignment]


class EntryCounts(serializers.Serializer[Any]):
    """How many entries ended which way."""

    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class EntriesWritten(serializers.Serializer[Any]):
    """What became of several records."""

    counts = EntryCounts()
    results = EntryOutcome(many=True)
