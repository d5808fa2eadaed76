"""The API's shapes of field mapping."""

from typing import Any

from rest_framework import serializers

from integrations.api_contract import StrictSerializer
from integrations.api_docs import choices_of
from integrations.providers.types import ObjectType
from mappings.models import Direction, UpdateMode
from mappings.rules import RuleData

_MOST_RULES = 500


class RuleIn(StrictSerializer):
    """One rule: which field of which side fills which field of the other, and how."""

    object = serializers.ChoiceField(choices=choices_of(ObjectType))
    direction = serializers.ChoiceField(choices=Direction.choices, default=Direction.IN)
    source = serializers.CharField(max_length=120)  # type: ignore[assignment]
    target = serializers.CharField(max_length=120)
    transforms = serializers.ListField(child=serializers.DictField(), default=list, max_length=20)
    default = serializers.JSONField(default=None, allow_null=True)
    required = serializers.BooleanField(default=False)  # type: ignore[assignment]
    update_mode = serializers.ChoiceField(choices=UpdateMode.choices, default=UpdateMode.OVERWRITE)
    who_wins = serializers.ChoiceField(choices=["", "newest", "ours", "theirs", "ask"], default="", allow_blank=True)
    paused_reason = serializers.CharField(max_length=200, default="", allow_blank=True)

    def to_internal_value(self, data: Any) -> RuleData:
        """Return the rule. Raises ValidationError."""
        given = super().to_internal_value(data)
        return RuleData(object_type=given.pop("object"), **given)


class SaveRules(StrictSerializer):
    """All rules, as the next version."""

    venue = serializers.CharField(required=False, max_length=120)
    rules = RuleIn(many=True)
    reason = serializers.CharField(max_length=200, default="", allow_blank=True)
    confirmed = serializers.BooleanField(default=False, help_text="The warnings were seen.")
    dry_run = serializers.BooleanField(default=False)


class TryRules(StrictSerializer):
    """Rules to try; those in force where none are given. `record` is one of ours, else the last `last` are taken."""

    venue = serializers.CharField(required=False, max_length=120)
    object = serializers.ChoiceField(choices=choices_of(ObjectType))
    direction = serializers.ChoiceField(choices=Direction.choices, default=Direction.IN)
    rules = RuleIn(many=True, required=False)
    record = serializers.UUIDField(required=False)
    last = serializers.IntegerField(min_value=1, max_value=50, default=1)
    sample = serializers.DictField(required=False, help_text="Values by field id instead of a record.")


class ResetRules(StrictSerializer):
    """Back to an earlier version, or to what the templates say."""

    venue = serializers.CharField(required=False, max_length=120)
    version = serializers.IntegerField(min_value=1, required=False)


class ApplyTemplate(StrictSerializer):
    """Take a template over: in place of an object's rules, beside them, or only for what nothing fills."""

    venue = serializers.CharField(required=False, max_length=120)
    template = serializers.CharField(max_length=80)
    strategy = serializers.ChoiceField(choices=["replace", "merge", "fill_empty"])
    confirmed = serializers.BooleanField(default=False)
    dry_run = serializers.BooleanField(default=False)


class KeepTemplate(StrictSerializer):
    """Save the rules in force of one object under a name."""

    venue = serializers.CharField(required=False, max_length=120)
    object = serializers.ChoiceField(choices=choices_of(ObjectType))
    name = serializers.CharField(max_length=120)


class HealRules(StrictSerializer):
    """Tell what would mend the rules that are held; `apply` puts some of it into force."""

    venue = serializers.CharField(required=False, max_length=120)
    object = serializers.ChoiceField(choices=choices_of(ObjectType))
    apply = serializers.ListField(
        child=serializers.CharField(max_length=160), default=list, max_length=_MOST_RULES,
        help_text="Ids of proposals; `safe` alone stands for all that are certain and lose nothing.",
    )  # fmt: skip


class RuleOut(serializers.Serializer[Any]):
    """One rule of a version."""

    object = serializers.CharField()
    direction = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    transforms = serializers.ListField(child=serializers.DictField())
    default = serializers.JSONField(allow_null=True)
    required = serializers.BooleanField()  # type: ignore[assignment]
    update_mode = serializers.CharField()
    who_wins = serializers.CharField(allow_blank=True)
    paused_reason = serializers.CharField(allow_blank=True)


class VersionOut(serializers.Serializer[Any]):
    """One version in the history."""

    version = serializers.IntegerField()
    author = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    rules = serializers.IntegerField()


class Rules(serializers.Serializer[Any]):
    """A version of the rules, and the history. `differences` are in words, where two versions were named."""

    version = serializers.IntegerField()
    in_force = serializers.IntegerField()
    rules = RuleOut(many=True)
    history = VersionOut(many=True)
    differences = serializers.ListField(child=serializers.CharField())


class IssueOut(serializers.Serializer[Any]):
    """Something about the rules that an owner should know."""

    level = serializers.CharField()
    code = serializers.CharField()
    sentence = serializers.CharField()
    place = serializers.IntegerField(allow_null=True)


class Impact(serializers.Serializer[Any]):
    """What saving would lead to: records mapped again here, those looked at again on their way out, calls for these."""

    records = serializers.IntegerField()
    sent = serializers.IntegerField()
    calls = serializers.IntegerField(help_text="The least that sending all of them takes.")
    metered = serializers.BooleanField(help_text="Whether such calls count against an allowance.")


class SavedRules(serializers.Serializer[Any]):
    """What saving did, or with `dry_run` would do."""

    version = serializers.IntegerField()
    differences = serializers.ListField(child=serializers.CharField())
    objects = serializers.ListField(child=serializers.CharField())
    issues = IssueOut(many=True)
    impact = Impact()


class StepOut(serializers.Serializer[Any]):
    """A transform and the value after it."""

    name = serializers.CharField()
    value = serializers.JSONField(allow_null=True)


class TriedOut(serializers.Serializer[Any]):
    """What became of one field."""

    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    input = serializers.JSONField(allow_null=True)
    steps = StepOut(many=True)
    output = serializers.JSONField(allow_null=True)
    warning = serializers.CharField(allow_blank=True)


class TriedRecord(serializers.Serializer[Any]):
    """What the rules would make of one record."""

    record = serializers.CharField(allow_blank=True)
    rows = TriedOut(many=True)


class TriedRules(serializers.Serializer[Any]):
    """Each record that was tried, and how many are fine. Nothing was written."""

    fine = serializers.IntegerField()
    with_warnings = serializers.IntegerField()
    records = TriedRecord(many=True)


class Points(serializers.Serializer[Any]):
    """What a proposal's points consist of, out of 100."""

    identity = serializers.IntegerField()
    type = serializers.IntegerField()
    label = serializers.IntegerField()  # type: ignore[assignment]
    profile = serializers.IntegerField()


class BeforeAfter(serializers.Serializer[Any]):
    """A value as it was carried and as it would be."""

    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)


class ProposalOut(serializers.Serializer[Any]):
    """What would take a held rule's place, with what speaks for it and against it."""

    id = serializers.CharField()
    fields_used = serializers.ListField(child=serializers.CharField())
    score = serializers.IntegerField()
    points = Points()
    verdict = serializers.CharField()
    reasons = serializers.ListField(child=serializers.CharField())
    against = serializers.CharField(allow_blank=True)
    lossless = serializers.BooleanField()
    samples = BeforeAfter(many=True)


class HeldOut(serializers.Serializer[Any]):
    """A rule that is held, why, and what would mend it, best first."""

    direction = serializers.CharField()
    source = serializers.CharField()  # type: ignore[assignment]
    target = serializers.CharField()
    why = serializers.CharField()
    required = serializers.BooleanField()  # type: ignore[assignment]
    proposals = ProposalOut(many=True)


class Healed(serializers.Serializer[Any]):
    """The rules that are held now, and the version in force; nothing is ever removed."""

    version = serializers.IntegerField()
    applied = serializers.ListField(child=serializers.CharField())
    held = HeldOut(many=True)


class TemplateOut(serializers.Serializer[Any]):
    """A template, why it is offered, and what it would change."""

    key = serializers.CharField()
    name = serializers.CharField()
    object = serializers.CharField()
    venue_type = serializers.CharField()
    is_default = serializers.BooleanField()
    why = serializers.CharField()
    differences = serializers.ListField(child=serializers.CharField())


class Templates(serializers.Serializer[Any]):
    """The templates for a provider and the venue's type."""

    templates = TemplateOut(many=True)
