"""One request on its way to a handler, and the shortcuts that every handler needs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.errors import not_found
from integrations.sandbox.mailchimp.fields import Names
from integrations.sandbox.mailchimp.shapes import Check

Runner = Callable[[Document], Awaitable[tuple[int, str]]]  # does one operation of a batch: its status and its answer


@dataclass(frozen=True)
class Call:
    """A request that is let in: known account, checked query and body. `origin` is how the client calls us."""

    mailchimp: MailchimpDouble
    account: Account
    ids: dict[str, str]
    query: Document
    body: Any
    now: int
    origin: str
    run: Runner

    @property
    def audience(self) -> Audience:
        """The list in the path; MailchimpError 404 when the account has none such."""
        found = self.account.audiences.get(self.ids["list_id"])
        if found is None:
            raise not_found()
        return found

    @property
    def page(self) -> tuple[int, int]:
        """Offset and count, as asked and as the settings allow."""
        most = self.mailchimp.settings.page_size
        count = self.query.get("count", 10)
        return self.query.get("offset", 0), count if most is None else min(count, most)


Answer = Document | None
Handler = Callable[[Call], Answer | Awaitable[Answer]]


@dataclass(frozen=True)
class Route:
    """One operation: where it is, what may be sent, what it shows, and who answers. No answer is a 204."""

    method: str
    path: str
    handler: Handler
    query: Mapping[str, Check] = field(default_factory=dict)
    body: Check | None = None
    shown: Names | None = None
    required_query: tuple[str, ...] = ()


def page_of(call: Call, key: str, documents: Sequence[Document], **beside: Any) -> Document:
    """A list answer: the wanted part of the documents, and how many there are."""
    offset, count = call.page
    return {key: list(documents[offset : offset + count]), **beside, "total_items": len(documents)}
