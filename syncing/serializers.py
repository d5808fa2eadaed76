"""The bodies of the sync routes: what may be asked, and what is answered."""

from typing import Any

from rest_framework import serializers

from connections.models import Status as ConnectionStatus
from connections.serializers import ObjectsField, VenueRequest
from integrations.api_docs import choices_of
from integrations.providers.errors import ErrorClass
from integrations.providers.types import Operation
from mappings.models import Direction
from syncing.models import LinkState, Mode, Outcome, Trigger
from syncing.work import WorkStatus

_ERROR_CLASSES = choices_of(ErrorClass)


class SyncRequest(VenueRequest):
    """Sync now."""

    objects = ObjectsField(sent=True, required=False, help_text="Object types; left out: all that the venue chose.")
    mode = serializers.ChoiceField(choices=Mode.choices, default=Mode.INCREMENTAL)
    direction = serializers.ChoiceField(
        choices=Direction.choices, default=Direction.IN, help_text="`out`: send the venue's records to the provider."
    )
    plan = serializers.CharField(
        required=False, max_length=64, help_text="With `out`: the id of a preview; exactly that is sent, or nothing."
    )
    deletes = ObjectsField(
        sent=True, required=False, allow_empty=True, help_text="With a `plan`: the `deletes` that it was made with."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to read what is only ever sent there."""
        streams, name = self.context["provider"].streams, self.context["provider"].spec.name
        unread = [each for each in attrs.get("objects", ()) if each not in streams]
        if unread and attrs["direction"] != Direction.OUT:
            raise serializers.ValidationError({"objects": [f"“{unread[0]}” is sent to {name} and never read there."]})
        return attrs


class PreviewRequest(VenueRequest):
    """What would be sent."""

    objects = ObjectsField(sent=True, required=False, help_text="Object types; left out: all that can be sent there.")
    deletes = ObjectsField(
        sent=True,
        required=False,
        allow_empty=True,
        help_text="Those of which what was deleted here is deleted there; left out: as you chose before.",
    )


class Sample(serializers.Serializer[Any]):
    """One record that would be written, and the values that would change, by the provider's own field ids."""

    record = serializers.UUIDField()
    operation = serializers.ChoiceField(choices=choices_of(Operation))
    before = serializers.DictField()
    after = serializers.DictField()


class PlanTold(serializers.Serializer[Any]):
    """What sending one object would do."""

    object = serializers.CharField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    deleted = serializers.IntegerField()
    left_out = serializers.DictField(child=serializers.IntegerField(), help_text="How many, by the reason.")
    conflicts = serializers.IntegerField(help_text="Records about which you have yet to decide; they wait.")
    calls = serializers.IntegerField(help_text="Calls to the provider that it would take.")
    metered = serializers.IntegerField(
        help_text="Of them, those that count against an allowance or cost money; the others cost nothing."
    )
    samples = Sample(many=True)


class Preview(serializers.Serializer[Any]):
    """The plan; `plan` is the id to send it with."""

    plan = serializers.CharField()
    plans = PlanTold(many=True)


class StopRequest(VenueRequest):
    """Stop what waits and runs."""


class RetryRequest(VenueRequest):
    """Queue again what was given up; narrowed to one run, one error class or some records if named."""

    run = serializers.UUIDField(required=False)
    records = serializers.ListField(
        child=serializers.UUIDField(), required=False, min_length=1, max_length=1000, help_text="Ids of our records."
    )
    error_class = serializers.ChoiceField(choices=_ERROR_CLASSES, required=False)


class ErrorTold(serializers.Serializer[Any]):
    """Why something failed: our class, the provider's own code, and the sentence for its owner."""

    code = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `class`, which Python keeps for itself."""
        return {"class": serializers.ChoiceField(choices=_ERROR_CLASSES), **super().get_fields()}


class JobBrief(serializers.Serializer[Any]):
    """One object type of a run."""

    id = serializers.UUIDField()
    run = serializers.UUIDField()
    object = serializers.CharField()
    status = serializers.ChoiceField(choices=WorkStatus.choices)
    mode = serializers.ChoiceField(choices=Mode.choices)
    trigger = serializers.ChoiceField(choices=Trigger.choices)
    queued_at = serializers.DateTimeField()


class RunStarted(serializers.Serializer[Any]):
    """The run that a request led to. `joined`: all of it waited or ran already."""

    run = serializers.UUIDField()
    joined = serializers.BooleanField()
    jobs = JobBrief(many=True)


class Stopping(serializers.Serializer[Any]):
    """How many jobs were stopped; those that run end at their next page, with their place kept."""

    stopping = serializers.IntegerField()


class SkippedJob(serializers.Serializer[Any]):
    """A given-up job that was left alone, and why."""

    id = serializers.UUIDField()
    object = serializers.CharField()
    reason = serializers.ChoiceField(choices=["already_queued", "succeeded_since", "replaced", "unsupported"])
    detail = serializers.CharField()


class Requeued(serializers.Serializer[Any]):
    """What a retry queued again and what it left alone."""

    requeued = serializers.IntegerField(help_text="New jobs.")
    records = serializers.IntegerField(help_text="Failing records that are tried again.")
    jobs = JobBrief(many=True)
    skipped = SkippedJob(many=True)


class RunningJob(JobBrief):
    """A job under way, or one that ended. What cannot be known yet is null."""

    reference = serializers.CharField(allow_null=True)
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    rate_per_second = serializers.FloatField(allow_null=True)
    eta_seconds = serializers.IntegerField(allow_null=True)
    heartbeat_age_seconds = serializers.IntegerField(allow_null=True)
    stopping = serializers.BooleanField()


class JobOfRun(RunningJob):
    """A job with what went wrong last, if anything did."""

    attempts = serializers.IntegerField()
    error = ErrorTold(allow_null=True)


class WaitingJob(JobBrief):
    """A job that waits for its turn or for its next try."""

    not_before = serializers.DateTimeField()
    attempts = serializers.IntegerField()
    error = ErrorTold(allow_null=True)


class RecordCounts(serializers.Serializer[Any]):
    """What became of the records."""

    read = serializers.IntegerField()
    created = serializers.IntegerField()
    updated = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    deleted = serializers.IntegerField()
    left_out = serializers.IntegerField()
    failed = serializers.IntegerField()


class Attempt(serializers.Serializer[Any]):
    """One attempt at one object type, from its start to its end."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    run = serializers.UUIDField()
    object = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    direction = serializers.ChoiceField(choices=Direction.choices)
    mode = serializers.ChoiceField(choices=Mode.choices)
    trigger = serializers.ChoiceField(choices=Trigger.choices)
    trigger_label = serializers.CharField()
    actor = serializers.CharField(allow_null=True)
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    outcome_label = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    duration_seconds = serializers.FloatField(allow_null=True)
    total = serializers.IntegerField(allow_null=True)
    counts = RecordCounts()
    calls = serializers.IntegerField()
    bytes_in = serializers.IntegerField()
    error = ErrorTold(allow_null=True)


class TimelineEntry(serializers.Serializer[Any]):
    """Something that happened on the way."""

    at = serializers.DateTimeField()
    event = serializers.CharField()
    detail = serializers.CharField()


class AttemptInFull(Attempt):
    """An attempt with what happened on the way."""

    timeline = TimelineEntry(many=True)


class RecordProblem(serializers.Serializer[Any]):
    """One record that has a problem since this run and still has it."""

    object = serializers.CharField()
    external_id = serializers.CharField()
    record = serializers.UUIDField(allow_null=True)
    state = serializers.ChoiceField(choices=LinkState.choices)
    state_label = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    field = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField(allow_blank=True)
    since = serializers.DateTimeField(allow_null=True)

    def get_fields(self) -> dict[str, Any]:
        """Return the fields; one of them is called `class`, which Python keeps for itself."""
        return {**super().get_fields(), "class": serializers.CharField(allow_blank=True)}


class StreamState(serializers.Serializer[Any]):
    """How fresh one object type is, and when it is read next."""

    object = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    direction = serializers.ChoiceField(choices=Direction.choices)
    last_succeeded_at = serializers.DateTimeField(allow_null=True)
    age_seconds = serializers.IntegerField(allow_null=True)
    last_full_at = serializers.DateTimeField(allow_null=True)
    next_run_at = serializers.DateTimeField(allow_null=True)


class Backpressure(serializers.Serializer[Any]):
    """What holds the work back, if anything does."""

    paused = serializers.BooleanField()
    paused_until = serializers.DateTimeField(allow_null=True)
    provider_asked_to_wait_until = serializers.DateTimeField(allow_null=True)


class SyncStatus(serializers.Serializer[Any]):
    """What runs, what waits, how the last ones ended, when the next are due."""

    provider = serializers.CharField()
    connected = serializers.BooleanField()
    status = serializers.ChoiceField(choices=ConnectionStatus.choices)
    running = RunningJob(many=True)
    waiting = WaitingJob(many=True)
    last_succeeded = Attempt(allow_null=True)
    last_failed = Attempt(allow_null=True)
    streams = StreamState(many=True)
    next_run_at = serializers.DateTimeField(allow_null=True)
    backpressure = Backpressure()
    poll_after_seconds = serializers.IntegerField()


class RunStatus(serializers.Serializer[Any]):
    """How the jobs of one run stand. `poll_after_seconds` is null once it has ended."""

    run = serializers.UUIDField()
    ended = serializers.BooleanField()
    jobs = JobOfRun(many=True)
    poll_after_seconds = serializers.IntegerField(allow_null=True)


class HistoryPage(serializers.Serializer[Any]):
    """One page of attempts, the newest first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = Attempt(many=True)


class RunInFull(serializers.Serializer[Any]):
    """One run with its attempts and the records that have a problem since then; the first 200 of them."""

    run = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    outcome_label = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    counts = RecordCounts()
    attempts = AttemptInFull(many=True)
    problem_count = serializers.IntegerField()
    problems = RecordProblem(many=True)
