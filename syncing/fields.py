"""Looks at the fields of the accounts that are due: at the provider, and in what is stored of its objects."""

import logging
from collections.abc import Iterable
from datetime import timedelta
from functools import partial

from django.db import models

from connections import sessions
from connections.models import Connection
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers import PROVIDERS
from integrations.providers.base import LiveSchema, Provider, SeenSchema
from integrations.providers.errors import BadRecord, ProviderError
from integrations.providers.types import JSON, ObjectType
from integrations.sealing import CannotOpen
from mappings import holding, mending, watching
from mappings.catalogue import Fields
from mappings.differences import Kind
from mappings.evidence import Sample
from mappings.healing import Findings
from mappings.models import SchemaWatch
from mappings.watching import Found
from syncing import mapping, schedule
from syncing.models import LinkState, RecordLink
from syncing.typed_json import frozen

logger = logging.getLogger(__name__)
_MOST_AT_ONCE = 50
_MOST_STORED = 2000  # of an object, the newest: enough for every account of a company and every key in use
_SAMPLES = 50
_ONCE_READ = timedelta(minutes=5)  # by then what goes by another name was read anew


def look_at_due() -> int:
    """Look at the fields of what is due, a few at a time, and return how many were seen. To be called outside any
    transaction, by as many as like.
    """
    watching.begin()
    found = 0
    for _ in range(_MOST_AT_ONCE):
        watch = watching.claim()
        if watch is None:
            break
        found += look(watch)
    return found


def look(watch: SchemaWatch) -> bool:
    """Look at the fields of one connection; return whether they were seen. One that cannot be asked is told so."""
    connection = watch.connection
    provider = PROVIDERS[connection.provider]
    try:
        chosen = _chosen(connection, provider)
        live = _live(connection, provider, chosen)
    except (ProviderError, Problem, CannotOpen) as error:
        code = getattr(error, "code", "cannot_open")
        logger.warning("fields.not_seen", extra={"connection": str(connection.pk), "code": code})
        watching.failed(watch, str(error))
        return False
    changes = watching.seen(
        watch, live=live, stored=_stored(connection, provider), chosen=chosen, sampling=partial(_samples, connection)
    )
    _read_again(connection, provider, changes)
    if watch.mends_itself:
        _mend(connection)
        if changes and holding.held_kinds(connection):
            watching.look_again(watch, after=_ONCE_READ)
    if changes:
        logger.info("fields.changed", extra={"connection": str(connection.pk), "count": len(changes)})
    return True


def example(connection: Connection, kind: ObjectType) -> tuple[JSON, JSON]:
    """Return one record of an object as plain JSON: ours by path, theirs by field id; empty where there is none."""
    linked = _links(connection, kind).filter(record__deleted_at=None, record__isnull=False).select_related("record")
    link = linked.order_by("-external_id").first()
    if link is None or link.record is None:
        return {}, {}
    try:
        return link.record.fields, frozen(PROVIDERS[connection.provider].parts[kind].values(link.raw))
    except BadRecord:
        return link.record.fields, {}


def proposals(connection: Connection, kind: ObjectType) -> Findings:
    """Return what would mend the held rules of an object, judged by its newest records as they were last read."""
    return mending.findings(connection, kind, _samples(connection, kind, is_now=True))


def _mend(connection: Connection) -> None:
    """Put right what is certain and loses nothing, in a version like any other.

    What was renamed is seldom certain at first: its values are read anew before they can bear witness.
    """
    for kind in holding.held_kinds(connection):
        known = mapping.offers(connection, kind, proposals(connection, kind))
        if chosen := mapping.safe(known):
            about = {"connection": str(connection.pk), "object": kind}
            try:
                version = mapping.heal(connection, kind, known, chosen, by=None)
            except Problem as refusal:  # two of them want one field, or somebody is at the rules: a person decides
                logger.info("fields.not_mended", extra=about | {"code": refusal.code})
            else:
                logger.info("fields.mended", extra=about | {"version": version})


def _read_again(connection: Connection, provider: Provider, changes: Found) -> None:
    """Let objects be read anew whose fields go by another name: nothing else brings their values under it."""
    renamed = {kind for kind, each in changes if each.kind is Kind.RENAMED and kind in provider.streams}
    if renamed:
        schedule.read_anew(connection, renamed)


def _live(connection: Connection, provider: Provider, chosen: dict[str, list[str]]) -> Fields:
    if not isinstance(provider.schema, LiveSchema):
        return {}
    ids = {ObjectType(kind): each for kind, each in chosen.items()}
    return provider.schema.live(sessions.open_session(connection), ids)


def _chosen(connection: Connection, provider: Provider) -> dict[str, list[str]]:
    """Return what the owner reads from; what is known of it where nothing was chosen."""
    if provider.chooser is None:
        return {}
    kind = provider.chooser.object_type
    config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
    chosen = config.chosen.get(kind) if config else None
    return {str(kind): sorted(chosen or _links(connection, kind).values_list("external_id", flat=True))}


def _stored(connection: Connection, provider: Provider) -> Fields:
    schema = provider.schema
    if not isinstance(schema, SeenSchema):
        return {}
    return schema.seen({kind: _raws(connection, kind) for kind in schema.looks_at})


def _raws(connection: Connection, kind: ObjectType) -> Iterable[JSON]:
    return _links(connection, kind).order_by("-pulled_at").values_list("raw", flat=True)[:_MOST_STORED].iterator()


def _links(connection: Connection, kind: ObjectType) -> models.QuerySet[RecordLink]:
    return RecordLink.objects.filter(connection=connection, external_type=kind).exclude(state=LinkState.DELETED)


def _samples(connection: Connection, kind: ObjectType, *, is_now: bool = False) -> list[Sample]:
    """Return the newest records of an object that both sides have, as they were before a change; or also as now.

    What was read before the change tells of the old field, what was read since of the new one.
    """
    part = PROVIDERS[connection.provider].parts[kind]
    samples = []
    links = _links(connection, kind).filter(record__deleted_at=None, record__isnull=False).select_related("record")
    for link in links.order_by("-pulled_at")[:_SAMPLES]:
        assert link.record is not None  # noqa: S101 - asked for above
        try:
            values = part.values(link.raw)
            samples.append(Sample(old=values, new=values if is_now else {}, ours=link.record.fields))
        except BadRecord:
            samples.append(Sample(ours=link.record.fields))
    return samples
