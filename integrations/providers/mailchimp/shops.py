"""Which of Mailchimp's stores is ours, and what of it is known: one for each audience, made when it is first needed.

Its id follows from the audience, so that it is the same for ever. While it “is syncing” Mailchimp sets off none of the
owner's automations. It is so when it is made, and from then on whenever what is sent is old; what is new opens it.
"""

import contextlib
import threading
from dataclasses import dataclass, field
from urllib.parse import quote

import orjson

from integrations.providers.errors import Duplicate, Invalid, NotFound, Transient
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp import asking
from integrations.providers.mailchimp.variants import OTHER, Shelf
from integrations.providers.types import JSON, Write

_OTHER_NAME = "Other sales"
_OURS = "backline-"
_NAME = "Backline"
_MEMORY = "mailchimp.shops"  # in a session's memory: the stores by audience
_STORES = "/3.0/ecommerce/stores"
_FIELDS = "id,list_id,currency_code,is_syncing"


@dataclass(slots=True)
class Shop:
    """A store as this session knows it. `shelf` are its products, None until they had to be looked at.

    What its methods ask of a store that somebody deleted raises NotFound; `gone` says what follows from that.
    """

    api: ApiSession
    id: str
    currency: str
    is_syncing: bool
    shelf: Shelf | None = None
    _has_other: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def path(self, *parts: str) -> str:
        """Return the path of something in the store."""
        return path(self.id, *parts)

    def pause(self, is_syncing: bool) -> None:
        """Let Mailchimp set off automations, or none. One call where that is another way now."""
        if is_syncing is not self.is_syncing:
            body = orjson.dumps({"is_syncing": is_syncing})
            self.api.call("PATCH", self.path(), body=body, repeatable=True)
            self.is_syncing = is_syncing

    def look(self, seen: Shelf | None) -> Shelf:
        """Return the products by now, where `seen` was not enough. One call for a thousand, once for all threads."""
        with self._lock:
            if self.shelf is seen or self.shelf is None:
                self.shelf = _listed(self.api, self.path("products"))
                self._has_other = OTHER in self.shelf
            return self.shelf

    def keep_other(self) -> None:
        """See to it that there is a product for other sales. One call in a session."""
        with self._lock:
            if not self._has_other:
                _insert_other(self.api, self.path("products"))
                self._has_other = True

    def gone(self) -> Transient:
        """Forget the store that somebody deleted, and return the error for what was on its way there."""
        with self.api.memory_lock:
            self.api.memory[_MEMORY].pop(self.id.removeprefix(_OURS), None)
        return Transient("Our store is not in Mailchimp any more; it is made again.", code="store_gone")


def shop(api: ApiSession, audience: str, currency: str) -> Shop:
    """Return our store of an audience. One call in a session, one more when it has to be made in that currency.

    Raises Invalid where it has to be made and no currency is told.
    """
    with api.memory_lock:
        known: dict[str, Shop] = api.memory.setdefault(_MEMORY, {})
        if audience not in known:
            known[audience] = _found(api, audience) or _made(api, audience, currency)
        return known[audience]


def audience(write: Write) -> str:
    """Return the id of the audience that a write goes to: the one chosen now, else the one it was sent to; else ""."""
    chosen = write.values.get("list_id") or write.whole.get("list_id")
    return str(chosen or str(write.raw.get("store_id") or "").removeprefix(_OURS))


def id_of(audience_id: str) -> str:
    """Return the id of our store of an audience."""
    return f"{_OURS}{audience_id}"


def path(store: str, *parts: str) -> str:
    """Return the path of a store, or of something in it."""
    return "/".join([_STORES, *(quote(part, safe="") for part in (store, *parts))])


def remove(api: ApiSession, place: str) -> None:
    """Remove what is at a path; what is not there is as it should be."""
    with contextlib.suppress(NotFound):
        api.call("DELETE", place, repeatable=True)


def _found(api: ApiSession, audience_id: str) -> Shop | None:
    try:
        answer = api.get(path(id_of(audience_id)), {"fields": _FIELDS})
    except NotFound:
        return None
    return _read(api, answer.body)


def _made(api: ApiSession, audience_id: str, currency: str) -> Shop:
    if not currency:
        raise Invalid("Mailchimp has to know the currency of a store: give a product a price.", field="variants")
    wishes = {
        "id": id_of(audience_id), "list_id": audience_id, "name": _NAME, "platform": _NAME,
        "currency_code": currency, "is_syncing": True,
    }  # fmt: skip
    try:
        return _read(api, api.post(_STORES, wishes, repeatable=True).body)
    except Duplicate as error:  # another worker made it in this moment
        made = _found(api, audience_id)
        if made is None:
            raise Transient("Mailchimp does not show a store that it has.", code="lag") from error
        return made


def _read(api: ApiSession, body: JSON) -> Shop:
    store, currency = asking.text_in(body, "id"), asking.text_in(body, "currency_code")
    return Shop(api, store, currency, is_syncing=bool(body.get("is_syncing")))


def _listed(api: ApiSession, products: str) -> Shelf:
    asked = ("id", "variants.id", "variants.title")
    found: dict[str, dict[str, str]] = {}
    listed, total = 0, 1  # at least one page
    while listed < total:
        answer = asking.ask(api, products, "products", asked, offset=listed)
        page, total = asking.listed(answer, "products"), asking.total(answer)
        found |= {asking.text_in(raw, "id"): _titles(raw) for raw in page}
        if not page and listed < total:
            raise Transient("Mailchimp says that there is more, but gives nothing.", code="cursor_loop")
        listed += len(page)
    return found


def _titles(raw: JSON) -> dict[str, str]:
    return {asking.text_in(each, "id"): str(each.get("title") or "") for each in raw.get("variants") or []}


def _insert_other(api: ApiSession, products: str) -> None:
    body = {"id": OTHER, "title": _OTHER_NAME, "variants": [{"id": OTHER, "title": _OTHER_NAME}]}
    with contextlib.suppress(Duplicate):  # an earlier session made it
        api.post(products, body, repeatable=True)
