"""The strings of the Square double: sellers, settings, tokens, edits, truth and deliveries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import orjson
from aiohttp import web

from integrations.sandbox.control import Body, Unclear, plain
from integrations.sandbox.door import Reply
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.generation import Document
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.edits import VERBS, Staff
from integrations.sandbox.square.merchants import Merchant, Sizes
from integrations.sandbox.square.notices import deliver, envelope, order_data, record_data
from integrations.sandbox.square.oauth import announce_revocation
from integrations.sandbox.store import Entry

DELIVERIES = ("now", "duplicate", "reordered", "bad_signature")
_NAMES = {"customer": "customers", "order": "orders", "payment": "payments", "refund": "refunds",
          "payout": "payouts", "invoice": "invoices"}  # fmt: skip


class SquareControl:
    """Everything below /_control/square, and Square's part in state and reset."""

    def __init__(self, square: SquareDouble) -> None:
        self._square = square

    def state(self) -> Body:
        square = self._square
        return {
            "client_id": square.application.client_id,
            "redirect_uris": square.redirect_uris,
            "settings": asdict(square.settings),
            "merchants": [_shown(merchant) for merchant in square.merchants.values()],
            "subscriptions": [one.id for one in square.subscriptions.values()],
            "events_enabled": square.events_enabled,
        }

    def reset(self, body: Body) -> None:
        if set(body) - {"seed", "sizes"}:
            raise Unclear("Send nothing, or seed (a whole number) and sizes (a map of kind to number).")
        self._square.reset(
            seed=_whole(body, "seed", self._square.seed), sizes=_sizes(body.get("sizes"), self._square.sizes)
        )

    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse:
        match request.method, parts:
            case "POST", ["merchants"]:
                return _json(self._open(body))
            case "POST", ["redirect-uris"]:
                return _json(self._register(body))
            case "POST", ["settings"]:
                self._square.settings = self._square.settings.changed(body)
                return _json(asdict(self._square.settings))
            case "POST", [merchant_id, ("change" | "create" | "delete") as verb]:
                return _json(self._edit(self._merchant(merchant_id), verb, body))
            case "POST", [merchant_id, "unsubscribe"]:
                return _json({"customers": self._unsubscribe(self._merchant(merchant_id), body)})
            case "POST", [merchant_id, "tokens"]:
                return _json(self._tokens(self._merchant(merchant_id), body))
            case "POST", [merchant_id, "deliver"]:
                return _json(await self._deliver(self._merchant(merchant_id), body))
            case "GET", [merchant_id, "counts"]:
                return _json(_counts(self._merchant(merchant_id)))
            case "GET", [merchant_id, "truth"]:
                return await self._truth(request, self._merchant(merchant_id))
        return plain(Reply.json(404, {"error": f"There is no {request.method} /_control/square/{'/'.join(parts)}."}))

    def _merchant(self, merchant_id: str) -> Merchant:
        if merchant_id not in self._square.merchants:
            raise Unclear(f"No seller {merchant_id}; GET /_control/state lists them.")
        return self._square.merchants[merchant_id]

    def _unsubscribe(self, merchant: Merchant, body: Body) -> list[str]:
        if set(body) != {"email"} or not isinstance(body["email"], str):
            raise Unclear("Send email, the address of a customer who leaves the seller's mails.")
        return Staff(self._square, merchant, random.Random(0)).unsubscribe(body["email"])

    def _open(self, body: Body) -> Body:
        if not isinstance(body.get("name"), str) or set(body) - {"name", "seed", "sizes", "locations"}:
            raise Unclear("Send name, and if wanted seed, sizes and locations (a list of {name, currency}).")
        places = body.get("locations") or [{"name": "Main", "currency": "GBP"}]
        if not all(isinstance(place, dict) and {"name", "currency"} <= set(place) for place in places):
            raise Unclear("locations must be a list of {name, currency}.")
        merchant = self._square.open(
            body["name"],
            [(place["name"], place["currency"]) for place in places],
            sizes=_sizes(body.get("sizes"), Sizes()),
            seed=_whole(body, "seed", self._square.seed),
        )
        return {"merchant_id": merchant.id, **_shown(merchant)}

    def _register(self, body: Body) -> Body:
        uri = body.get("uri")
        if not isinstance(uri, str) or "://" not in uri:
            raise Unclear("Send uri, the full redirect address.")
        if uri not in self._square.redirect_uris:
            self._square.redirect_uris.append(uri)
        return {"redirect_uris": self._square.redirect_uris}

    def _edit(self, merchant: Merchant, verb: str, body: Body) -> dict[str, list[str]]:
        kinds = VERBS[verb]
        if set(body) - {*kinds, "seed"} or not set(body) & set(kinds):
            raise Unclear(f"To {verb}, send how many of {', '.join(kinds)}, and a seed if wanted.")
        staff = Staff(self._square, merchant, random.Random(_whole(body, "seed", merchant.writes + 1)))
        merchant.settle(self._square.clock.now())
        return {kind: getattr(staff, verb)(kind, _whole(body, kind, 0)) for kind in kinds if kind in body}

    def _tokens(self, merchant: Merchant, body: Body) -> Body:
        """Acts on the tokens from the consent page; on the personal token too with include_personal."""
        square, action = self._square, body.get("action")
        tokens = square.grants.of(merchant.id)
        if body.get("include_personal"):
            tokens.append(square.grants.tokens[merchant.personal_token])
        if action == "expire":
            for token in tokens:
                token.expires = square.clock.now()
        elif action == "revoke":
            square.grants.revoke_all(merchant.id)
            for token in tokens:
                token.is_revoked = True
            announce_revocation(square, merchant, "MERCHANT")
        elif action == "drop_scope" and isinstance(body.get("scope"), str):
            for token in tokens:
                token.scopes = [scope for scope in token.scopes if scope != body["scope"]]
        else:
            raise Unclear("Send action: expire, revoke, or drop_scope with scope.")
        return {"tokens": len(tokens)}

    async def _deliver(self, merchant: Merchant, body: Body) -> Body:
        kind = body.get("kind", "now")
        if kind not in DELIVERIES or not isinstance(body.get("type"), str) or set(body) - {"kind", "type", "id"}:
            raise Unclear(f"Send type (as customer.updated), id of the record, and kind: {', '.join(DELIVERIES)}.")
        event = envelope(self._square, merchant, body["type"], _data(merchant, body["type"], body.get("id")))
        events = [event, event] if kind == "duplicate" else [event]
        if kind == "reordered":
            later = envelope(self._square, merchant, body["type"], event["data"])
            events = [later, event]
        forgery = Forgery.OTHER_SECRET if kind == "bad_signature" else None
        if forgery is None:
            self._square.events.extend({one["event_id"]: one for one in reversed(events)}.values())
        results = [await deliver(self._square, one, forgery=forgery) for one in events]
        return {"deliveries": [result for group in results for result in group]}

    async def _truth(self, request: web.Request, merchant: Merchant) -> web.StreamResponse:
        kind = request.query.get("kind", "")
        if kind != "locations" and kind not in merchant.collections():
            raise Unclear(f"kind must be one of locations, {', '.join(merchant.collections())}.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        chunk: list[bytes] = []
        for document in _perfect(merchant, kind):
            chunk.append(orjson.dumps(document))
            if len(chunk) == 500:
                await response.write(b"\n".join(chunk) + b"\n")
                chunk.clear()
        if chunk:
            await response.write(b"\n".join(chunk) + b"\n")
        return response


def _perfect(merchant: Merchant, kind: str) -> Iterator[Document]:
    """What a perfect reader should know by now, lag or not. Of the catalogue the items."""
    if kind == "locations":
        yield from merchant.locations
        return
    for entry in merchant.collections()[kind].everything():
        if kind == "products" and entry.document["type"] != "ITEM":
            continue
        yield {"id": entry.document["id"], "is_deleted": True} if entry.is_deleted else entry.document


def _counts(merchant: Merchant) -> dict[str, dict[str, int]]:
    counts = {kind: collection.counts() for kind, collection in merchant.collections().items()}
    others = sum(1 for entry in merchant.catalogue.everything() if _is_other(entry))
    counts["products"]["live"] -= others
    return counts | {"locations": {"live": len(merchant.locations), "deleted": 0}}


def _is_other(entry: Entry) -> bool:
    """A live catalogue object that is not an item."""
    return not entry.is_deleted and entry.document["type"] != "ITEM"


def _data(merchant: Merchant, event_type: str, record_id: Any) -> Document:
    """The `data` of an event about this record."""
    name = event_type.partition(".")[0]
    if name not in _NAMES:
        return {"type": name, "id": str(record_id or merchant.id), "object": {}}
    entry = merchant.collections()[_NAMES[name]].get(str(record_id))
    if entry is None:
        raise Unclear(f"There is no {name} {record_id} to tell about; send its id.")
    if name == "order":
        return order_data(event_type, entry.document)
    return record_data(name, entry.document) | ({"deleted": True} if event_type.endswith(".deleted") else {})


def _shown(merchant: Merchant) -> Body:
    return {
        "id": merchant.id, "name": merchant.name, "currency": merchant.currency, "seed": merchant.seed,
        "sizes": asdict(merchant.sizes), "personal_token": merchant.personal_token,
        "locations": [{key: place[key] for key in ("id", "name", "currency")} for place in merchant.locations],
    }  # fmt: skip


def _sizes(wishes: Any, known: Sizes) -> Sizes:
    if wishes is None:
        return known
    if not isinstance(wishes, dict) or set(wishes) - set(asdict(known)):
        raise Unclear(f"sizes must be a map of {', '.join(asdict(known))} to numbers.")
    return replace(known, **wishes)


def _whole(body: Body, name: str, fallback: int) -> int:
    value = body.get(name, fallback)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unclear(f"{name} must be a whole number from 0 up.")
    return value


def _json(data: object) -> web.Response:
    return plain(Reply.json(200, data))
