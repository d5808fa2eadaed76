"""The strings of the Stripe double: accounts, settings, keys, edits, truth and deliveries."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import orjson
from aiohttp import web

from integrations.sandbox.clock import HOUR
from integrations.sandbox.control import Body, Unclear, plain
from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.stripe.accounts import Account, Profile, Sizes
from integrations.sandbox.stripe.deliveries import send
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.edits import VERBS, Staff
from integrations.sandbox.stripe.keyring import act_on_keys
from integrations.sandbox.stripe.money import CURRENCIES
from integrations.sandbox.stripe.takings import Interval


class StripeControl:
    """Everything below /_control/stripe, and Stripe's part in state and reset."""

    def __init__(self, stripe: StripeDouble) -> None:
        self._stripe = stripe

    def state(self) -> Body:
        stripe = self._stripe
        return {
            "client_id": stripe.application.client_id,
            "platform": {"id": stripe.platform.id, "secret_key": stripe.application.client_secret},
            "redirect_uris": stripe.redirect_uris,
            "settings": asdict(stripe.settings),
            "accounts": [self._shown(account) for account in stripe.venues.values()],
            "connections": stripe.grants.connections,
        }

    def reset(self, body: Body) -> None:
        if set(body) - {"seed", "sizes"}:
            raise Unclear("Send nothing, or seed (a whole number) and sizes (a map of kind to number).")
        self._stripe.reset(
            seed=_whole(body, "seed", self._stripe.seed), sizes=_sizes(body.get("sizes"), self._stripe.sizes)
        )

    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse:
        match request.method, parts:
            case "POST", ["accounts"]:
                return _json(self._open(body))
            case "POST", ["redirect-uris"]:
                return _json(self._register(body))
            case "POST", ["settings"]:
                self._stripe.settings = self._stripe.settings.changed(body)
                return _json(asdict(self._stripe.settings))
            case "POST", [account_id, ("change" | "create" | "delete") as verb]:
                return _json(self._edit(self._account(account_id), verb, body))
            case "POST", [account_id, "tokens"]:
                return _json(act_on_keys(self._stripe, self._account(account_id), body))
            case "POST", [account_id, "roll"]:
                return _json(self._roll(account_id, body))
            case "POST", [account_id, "deliver"]:
                return _json(await send(self._stripe, self._account(account_id), body))
            case "GET", [account_id, "counts"]:
                return _json({kind: one.counts() for kind, one in self._account(account_id).collections.items()})
            case "GET", [account_id, "truth"]:
                return await self._truth(request, self._account(account_id))
        return plain(Reply.json(404, {"error": f"There is no {request.method} /_control/stripe/{'/'.join(parts)}."}))

    def _account(self, account_id: str) -> Account:
        if account_id not in self._stripe.venues:
            raise Unclear(f"No account {account_id}; GET /_control/state lists them.")
        return self._stripe.venues[account_id]

    def _open(self, body: Body) -> Body:
        known = {"name", "seed", "sizes", "currency", "livemode", "payout_interval"}
        if not isinstance(body.get("name"), str) or set(body) - known:
            raise Unclear(f"Send name, and if wanted {', '.join(sorted(known - {'name'}))}.")
        currency = str(body.get("currency", "gbp")).lower()
        if currency not in CURRENCIES or not isinstance(body.get("livemode", False), bool):
            raise Unclear("currency must be a known one, livemode true or false.")
        interval = Interval(body.get("payout_interval", "daily"))
        profile = Profile(body["name"], currency, body.get("livemode", False), interval)
        sizes, seed = _sizes(body.get("sizes"), Sizes()), _whole(body, "seed", self._stripe.seed)
        account = self._stripe.open(profile, sizes=sizes, seed=seed)
        return {"account_id": account.id, **self._shown(account)}

    def _register(self, body: Body) -> Body:
        uri = body.get("uri")
        if not isinstance(uri, str) or "://" not in uri:
            raise Unclear("Send uri, the full redirect address.")
        if uri not in self._stripe.redirect_uris:
            self._stripe.redirect_uris.append(uri)
        return {"redirect_uris": self._stripe.redirect_uris}

    def _edit(self, account: Account, verb: str, body: Body) -> dict[str, list[str]]:
        kinds = VERBS[verb]
        if set(body) - {*kinds, "seed"} or not set(body) & set(kinds):
            raise Unclear(f"To {verb}, send how many of {', '.join(kinds)}, and a seed if wanted.")
        staff = Staff(self._stripe, account, random.Random(_whole(body, "seed", account.writes + 1)))
        return {kind: getattr(staff, verb)(kind, _whole(body, kind, 0)) for kind in kinds if kind in body}

    def _roll(self, account_id: str, body: Body) -> Body:
        """A new secret for an endpoint of an account or of the platform, as its dashboard gives one."""
        account = self._stripe.account(account_id)
        endpoint = account.endpoints.get(str(body.get("endpoint"))) if account else None
        if endpoint is None or set(body) - {"endpoint", "hours"}:
            raise Unclear(
                "Send endpoint, the id of one of this account, and if wanted hours, how long the old one signs."
            )
        until = self._stripe.clock.now() + _whole(body, "hours", 24) * HOUR
        return {"endpoint": endpoint.id, "secret": endpoint.roll(until=until)}

    async def _truth(self, request: web.Request, account: Account) -> web.StreamResponse:
        kind = request.query.get("kind", "")
        if kind not in account.collections:
            raise Unclear(f"kind must be one of {', '.join(account.collections)}.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        chunk: list[bytes] = []
        for document in _perfect(account, kind):
            chunk.append(orjson.dumps(document))
            if len(chunk) == 500:
                await response.write(b"\n".join(chunk) + b"\n")
                chunk.clear()
        if chunk:
            await response.write(b"\n".join(chunk) + b"\n")
        return response

    def _shown(self, account: Account) -> Body:
        grants, restricted = self._stripe.grants, self._stripe.grants.keys.get(account.keys["rk"])
        return {
            "id": account.id, "name": account.name, "currency": account.currency,
            "country": account.profile.market.country, "livemode": account.livemode, "seed": account.seed,
            "sizes": asdict(account.sizes), "payout_interval": str(account.profile.interval),
            "secret_key": account.keys["sk"], "restricted_key": account.keys["rk"],
            "publishable_key": account.keys["pk"],
            "permissions": sorted(restricted.permissions or ()) if restricted else [],
            "connection": grants.connections.get(account.id),
            "endpoints": list(account.endpoints),
        }  # fmt: skip


def _perfect(account: Account, kind: str) -> Iterator[Document]:
    """What a perfect reader should know by now."""
    for entry in account.collections[kind].everything():
        yield {"id": entry.document["id"], "is_deleted": True} if entry.is_deleted else entry.document


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
