"""What a perfect reader should know by now, lag or not, and how much of it there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.lists import list_document

Audiences = list[Audience]


def records(account: Account, kind: str, audiences: Audiences) -> Iterator[Document]:
    """Each document exactly as the list of its kind serves it; what is gone only as its id. KeyError if unknown."""
    if kind in _OF_AUDIENCES:
        return chain.from_iterable(map(_OF_AUDIENCES[kind], audiences))
    return _of_shops(account, _OF_SHOPS[kind])


def counts(account: Account, audiences: Audiences) -> dict[str, dict[str, int]]:
    members = {"live": 0, "archived": 0, "deleted": 0}
    for audience in audiences:
        gone = audience.register.forgotten_count()
        members["deleted"] += gone
        members["live"] += audience.register.next_rank() - gone
        members["archived"] += audience.count("archived")
    found = {kind: _counted(records(account, kind, audiences)) for kind in KINDS if kind != "members"}
    return {"members": members} | found


def _counted(documents: Iterator[Document]) -> dict[str, int]:
    numbers = {"live": 0, "deleted": 0}
    for document in documents:
        numbers["deleted" if document.get("is_deleted") else "live"] += 1
    return numbers


def _members(audience: Audience) -> Iterator[Document]:
    for entry in audience.register.everything():
        if entry.is_deleted:
            member = entry.document
            yield {"id": member["id"], "contact_id": member["contact_id"], "list_id": audience.id, "is_deleted": True}
        else:
            yield audience.shown(entry.document)


def _merge_fields(audience: Audience) -> Iterator[Document]:
    yield from audience.merge_fields.all()
    for merge_id in audience.merge_fields.deleted:
        yield {"id": merge_id, "merge_id": merge_id, "list_id": audience.id, "is_deleted": True}


def _lists(audience: Audience) -> Iterator[Document]:
    yield list_document(audience)


def _tags(audience: Audience) -> Iterator[Document]:
    return ({"id": tag["id"], "name": tag["name"]} for tag in audience.tags.values())


def _of_shops(account: Account, part: str) -> Iterator[Document]:
    for store in account.stores.values():
        if part == "document":
            yield store.document
        elif part == "notifications":
            yield from store.notifications
        else:
            yield from getattr(store, part).values()


_OF_AUDIENCES: dict[str, Callable[[Audience], Iterator[Document]]] = {
    "lists": _lists,
    "members": _members,
    "merge_fields": _merge_fields,
    "tags": _tags,
}
_OF_SHOPS = {
    "stores": "document", "customers": "customers", "products": "products", "orders": "orders",
    "notifications": "notifications",
}  # fmt: skip
KINDS = (*_OF_AUDIENCES, *_OF_SHOPS)
