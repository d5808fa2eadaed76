"""Everything that our client ever asks one provider for: a sign-in, each stream whole and by change, a farewell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from connections import lifecycle, sessions, tokens
from connections.models import OAuthToken
from integrations.providers.base import (
    CountedStream,
    DetailedStream,
    RefreshableOAuth,
    SplitStream,
    Stream,
    SweptStream,
)
from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, Page, Position, ReadScope
from integrations.sealing import Secret
from tests.contract.account import Account, sign_in

_FIRST_DAY = date(2024, 1, 1)
_SOME = 3  # records that are completed

Known = dict[ObjectType, list[str]]


def travel(account: Account, edits: Mapping[str, Mapping[str, int]]) -> None:
    """Do all of it once. `edits` is what the venue's staff do between the two reads."""
    provider = account.stage.provider
    provider.check.account(sessions.with_key(provider, Secret(account.key)))
    connection = sign_in(account)
    api = sessions.open_session(connection)
    if provider.chooser:
        provider.chooser.options(api)
    known: Known = {}
    bookmarks = {kind: _read_whole(api, stream, known) for kind, stream in provider.streams.items()}
    for verb, numbers in edits.items():
        account.act(verb, **numbers)
    account.sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    if isinstance(provider.oauth, RefreshableOAuth):
        tokens.refresh(OAuthToken.objects.get(connection=connection))
        api = sessions.open_session(connection)
    for kind, stream in provider.streams.items():
        list(stream.read(api, bookmarks[kind], _scope(stream, known)))
    lifecycle.disconnect(connection, by=account.owner)


def _read_whole(api: ApiSession, stream: Stream, known: Known) -> Position:
    """Read a stream to its end, in windows too and from a first day on; return its bookmark."""
    scope = _scope(stream, known)
    pages = list(stream.read(api, {}, scope))
    records = [record for page in pages for record in page.records]
    known[stream.object_type] = [record.id for record in records if not record.deleted]
    if isinstance(stream, DetailedStream):
        for record in records[:_SOME]:
            stream.complete(api, record)
    if isinstance(stream, SweptStream):
        stream.gone(api, known[stream.object_type][: stream.sweep_size])
    if isinstance(stream, CountedStream):
        stream.count(api)
    if isinstance(stream, SplitStream):
        _read_in_windows(api, stream, pages, scope)
    list(stream.read(api, {}, ReadScope(scope.known, begin=_FIRST_DAY)))
    return pages[-1].position


def _read_in_windows(api: ApiSession, stream: SplitStream, pages: list[Page], scope: ReadScope) -> None:
    """Cut the read once where it stood after its first page, and each of the two again."""
    halves = stream.split(pages[0].position) or ()
    for half in halves:
        for part in stream.split(half) or (half,):
            list(stream.read(api, part, scope))


def _scope(stream: Stream, known: Known) -> ReadScope:
    return ReadScope(known={need: known[need] for need in stream.needs})
