"""What the API tells of fields."""

from typing import Any

from rest_framework import serializers

from integrations.api_docs import choices_of
from integrations.providers.types import FieldType


class OurField(serializers.Serializer[Any]):
    """One field of Backline's own."""

    path = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField(choices=choices_of(FieldType))
    required = serializers.BooleanField()  # type: ignore[assignment]
    sample = serializers.JSONField(allow_null=True)


class TheirField(serializers.Serializer[Any]):
    """One field of the provider's. `max_length` is null where no limit is known, no `enum` means any value."""

    id = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    type = serializers.ChoiceField(choices=choices_of(FieldType))
    required = serializers.BooleanField()  # type: ignore[assignment]
    writable = serializers.BooleanField()
    max_length = serializers.IntegerField(allow_null=True)
    enum = serializers.ListField(child=serializers.CharField())
    sample = serializers.JSONField(allow_null=True)


class FieldsOfObject(serializers.Serializer[Any]):
    """Both sides of one object."""

    object = serializers.CharField()
    ours = OurField(many=True)
    theirs = TheirField(many=True)


class FieldChange(serializers.Serializer[Any]):
    """One thing that was different at a look."""

    at = serializers.DateTimeField()
    object = serializers.CharField()
    kind = serializers.CharField()
    field = serializers.CharField()
    sentence = serializers.CharField()


class FieldList(serializers.Serializer[Any]):
    """The fields of both sides, when the account's own were seen, and what changed since they are watched."""

    provider = serializers.CharField()
    seen_at = serializers.DateTimeField(allow_null=True)
    refreshing = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True)
    objects = FieldsOfObject(many=True)
    changes = FieldChange(many=True)
