"""Questions about the venue's own records: which there are, narrowed, and how each stands towards the providers."""

from collections import defaultdict
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from connections.models import Connection
from integrations.api_contract import MomentFilter
from integrations.models import Venue
from integrations.providers import PROVIDERS
from integrations.providers.types import ObjectType
from syncing import columns
from syncing.models import NEW, LinkState, Record, RecordLink

# How records may be narrowed by their counterparts.
STATES = (LinkState.IN_STEP, LinkState.WAITING, LinkState.FAILING, LinkState.LEFT_OUT, LinkState.CONFLICT)
_PRESENCES = {"false": Q(deleted_at=None), "true": Q(deleted_at__isnull=False), "any": Q()}
_MOST_WORDS = 8
_COLUMNS = ("id", "object_type", "external_key", "version", "fields", "changed_at", "deleted_at")


def of(venue: Venue, object_type: ObjectType) -> QuerySet[Record]:
    """Return the venue's records of one object, each with its `links` at what is connected. Two queries."""
    links = _live_links().defer("raw", "base", "push").select_related("connection").order_by("connection__provider")
    return (
        Record.objects.filter(venue=venue, object_type=object_type)
        .prefetch_related(Prefetch("links", links))
        .order_by("-pk")
    )


def rows(venue: Venue, object_type: ObjectType) -> QuerySet[Record, dict[str, Any]]:
    """Return the venue's records of one object as plain rows for `listed`, the newest first."""
    return Record.objects.filter(venue=venue, object_type=object_type).order_by("-pk").values(*_COLUMNS)


def listed(page: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a page of `rows` as the API tells records. One query for all their links."""
    links: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    found = _live_links().filter(record__in=[row["id"] for row in page]).order_by("connection__provider")
    told = ("record_id", "connection__provider", "external_id", "state", "problem")
    for record, provider, external_id, state, problem in found.values_list(*told):
        links[record].append(_link(provider, external_id, state, problem))
    return [_as_json(row, links[row["id"]]) for row in page]


def matching(records: QuerySet[Record], object_type: ObjectType, words: str) -> QuerySet[Record]:
    """Return the records in which every one of the words is found, or whose key is just what was asked for."""
    asked = words.replace("\x00", "").strip()[:100]
    every = Q()
    for word in asked.split()[:_MOST_WORDS]:
        anywhere = Q()
        for path in columns.searched(object_type):
            anywhere |= Q(**{f"fields__{path}__icontains": word})
        every &= anywhere
    return records.filter(every | Q(external_key=asked)) if asked else records


def standing(records: QuerySet[Record], *, state: str = "", provider: str = "") -> QuerySet[Record]:
    """Return the records with a counterpart in that state, at that provider, or both at once."""
    if not state and not provider:
        return records
    links = _live_links().filter(record=OuterRef("pk"))
    links = links.filter(state=state) if state else links.exclude(state=LinkState.DELETED)
    links = links.filter(connection__provider=provider) if provider else links
    return records.filter(Exists(links))


def present(records: QuerySet[Record], deleted: str = "false") -> QuerySet[Record]:
    """Return the records that are there ("false"), the tombstones ("true"), or both ("any")."""
    return records.filter(_PRESENCES[deleted])


class RecordFilter(django_filters.FilterSet):
    """What the API's list of records can be narrowed to."""

    q = django_filters.CharFilter(method="by_words", help_text="Words, each found in a name, e-mail and the like.")
    key = django_filters.CharFilter(field_name="external_key", help_text="The venue's own key, exactly.")
    email = django_filters.CharFilter(method="by_email", help_text="An e-mail address, exactly.")
    changed_since = MomentFilter(field_name="changed_at", lookup_expr="gte", help_text="Changed at or after this time.")
    state = django_filters.ChoiceFilter(
        choices=[(each.value, each.label) for each in STATES], method="by_standing", help_text="Of a counterpart."
    )
    provider = django_filters.ChoiceFilter(
        choices=[(each, each) for each in PROVIDERS], method="by_standing", help_text="Has a counterpart there."
    )
    deleted = django_filters.ChoiceFilter(
        choices=[(each, each) for each in _PRESENCES], method="by_presence", help_text="Tombstones; false if left out."
    )

    class Meta:
        model = Record
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet[Record]) -> QuerySet[Record]:
        """Return what fits; state and provider are meant of the same counterpart."""
        asked = self.form.cleaned_data
        narrowed: QuerySet[Record] = super().filter_queryset(queryset)
        standing_so = standing(narrowed, state=asked["state"] or "", provider=asked["provider"] or "")
        return present(standing_so, asked["deleted"] or "false")

    def by_words(self, queryset: QuerySet[Record], name: str, value: str) -> QuerySet[Record]:
        """Return the records that hold every word."""
        object_type: Any = self.request.parser_context["kwargs"].get("object_type") if self.request else ""
        return matching(queryset, ObjectType(object_type), value) if object_type else queryset

    def by_email(self, queryset: QuerySet[Record], name: str, value: str) -> QuerySet[Record]:
        """Return the records with this e-mail address, in any case of its letters."""
        return queryset.filter(fields__email=value.strip().lower())

    def by_standing(self, queryset: QuerySet[Record], name: str, value: str) -> QuerySet[Record]:
        """Return all: state and provider are looked at together, afterwards."""
        return queryset

    def by_presence(self, queryset: QuerySet[Record], name: str, value: str) -> QuerySet[Record]:
        """Return all: tombstones are looked at afterwards, because they are left out unless asked for."""
        return queryset


def as_json(record: Record) -> dict[str, Any]:
    """Return a record, read through `of`, as the API tells it."""
    held = record.links.all()
    links = [_link(each.connection.provider, each.external_id, each.state, each.problem) for each in held]
    return _as_json({name: getattr(record, name) for name in _COLUMNS}, links)


def _as_json(row: dict[str, Any], links: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": str(row["id"]),
        "object": row["object_type"],
        "key": row["external_key"],
        "version": row["version"],
        "fields": row["fields"],
        "changed_at": row["changed_at"],
        "deleted": row["deleted_at"] is not None,
        "links": links,
    }


def _link(provider: str, external_id: str, state: str, problem: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "provider": provider,
        "external_id": None if external_id.startswith(NEW) else external_id,
        "state": state,
        "state_label": LinkState(state).label,
        "problem": _problem(problem),
    }


def _problem(problem: dict[str, Any] | None) -> dict[str, Any] | None:
    if not problem:
        return None
    return {name: problem.get(name, "") for name in ("class", "code", "field", "sentence")} | {
        "since": problem.get("since")
    }


def _live_links() -> QuerySet[RecordLink]:
    """Return the counterparts at connections that have not ended."""
    return RecordLink.objects.filter(connection__in=Connection.objects.live())
