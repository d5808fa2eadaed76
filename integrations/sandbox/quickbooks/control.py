"""The strings of the QuickBooks double: companies, settings, tokens, edits and deliveries."""

from __future__ import annotations

import random
from dataclasses import asdict
from typing import Any

from aiohttp import web

from integrations.sandbox.control import Body, Unclear, plain
from integrations.sandbox.door import Reply
from integrations.sandbox.forgeries import Forgery
from integrations.sandbox.quickbooks.carrier import OPERATIONS
from integrations.sandbox.quickbooks.companies import Company, checked_sizes
from integrations.sandbox.quickbooks.countries import COUNTRIES
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.edits import VERBS, Staff
from integrations.sandbox.quickbooks.grants import ACCOUNTING
from integrations.sandbox.quickbooks.kinds import KINDS
from integrations.sandbox.quickbooks.meter import calls_of, coreplus_total, month_of
from integrations.sandbox.quickbooks.news import Event
from integrations.sandbox.quickbooks.notices import SILENT, event_of, flush, post
from integrations.sandbox.quickbooks.oauth import token_answer
from integrations.sandbox.quickbooks.truth import send_truth

DELIVERIES = ("now", "duplicate", "reordered", "bad_signature")


class QuickBooksControl:
    """Everything below /_control/quickbooks, and QuickBooks' part in state and reset."""

    def __init__(self, double: QuickBooksDouble) -> None:
        self._double = double

    def state(self) -> Body:
        double = self._double
        return {
            "client_id": double.application.client_id,
            "verifier_token": double.settings.verifier_token,
            "redirect_uris": double.redirect_uris,
            "settings": asdict(double.settings),
            "kinds": list(KINDS),
            "coreplus_this_month": coreplus_total(double, month_of(double.clock.now())),
            "webhooks": {"waiting": double.postman.waiting, "held": double.postman.refused},
            "accounts": [self._shown(company) for company in double.companies.values()],
        }

    def reset(self, body: Body) -> None:
        if set(body) - {"seed", "sizes"}:
            raise Unclear("Send nothing, or seed (a whole number) and sizes (a map of kind to number).")
        self._double.reset(
            seed=_whole(body, "seed", self._double.seed),
            sizes=checked_sizes(_map(body, "sizes"), self._double.sizes),
        )

    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse:
        match request.method, parts:
            case "POST", ["accounts"]:
                return _json(self._open(body))
            case "POST", ["redirect-uris"]:
                return _json(self._register(body))
            case "POST", ["settings"]:
                self._double.settings = self._double.settings.changed(body)
                return _json(asdict(self._double.settings))
            case "POST", [realm, ("change" | "create" | "delete") as verb]:
                return _json(self._edit(self._company(realm), verb, body))
            case "POST", [realm, "tokens"]:
                return _json(self._tokens(self._company(realm), body))
            case "POST", [realm, "deliver"]:
                return _json(await self._deliver(self._company(realm), body))
            case "GET", [realm, "counts"]:
                return _json(_counts(self._company(realm)))
            case "GET", [realm, "truth"]:
                return await send_truth(request, self._company(realm))
        answer = {"error": f"There is no {request.method} /_control/quickbooks/{'/'.join(parts)}."}
        return plain(Reply.json(404, answer))

    def _company(self, realm: str) -> Company:
        if realm not in self._double.companies:
            raise Unclear(f"No company {realm}; GET /_control/state lists them.")
        return self._double.companies[realm]

    def _open(self, body: Body) -> Body:
        if not isinstance(body.get("name"), str) or set(body) - {"name", "seed", "sizes", "currency"}:
            raise Unclear(f"Send name, and if wanted seed, sizes and currency ({', '.join(COUNTRIES)}).")
        company = self._double.open(
            body["name"],
            str(body.get("currency", "GBP")),
            sizes=checked_sizes(_map(body, "sizes")),
            seed=_whole(body, "seed", self._double.seed),
        )
        return self._shown(company)

    def _register(self, body: Body) -> Body:
        uri = body.get("uri")
        if not isinstance(uri, str) or "://" not in uri:
            raise Unclear("Send uri, the full redirect address.")
        if uri not in self._double.redirect_uris:
            self._double.redirect_uris.append(uri)
        return {"redirect_uris": self._double.redirect_uris}

    def _edit(self, company: Company, verb: str, body: Body) -> dict[str, list[str]]:
        kinds = VERBS[verb]
        if set(body) - {*kinds, "seed"} or not set(body) & set(kinds):
            raise Unclear(f"To {verb}, send how many of {', '.join(kinds)}, and a seed if wanted.")
        company.edits += 1
        staff = Staff(self._double, company, random.Random(_whole(body, "seed", company.edits)))
        company.settle(self._double.clock.now())
        return {kind: getattr(staff, verb)(kind, _whole(body, kind, 0)) for kind in kinds if kind in body}

    def _tokens(self, company: Company, body: Body) -> Body:
        double, action = self._double, body.get("action")
        now, grants = double.clock.now(), double.grants.of(company.realm)
        match action:
            case "grant":
                grant = double.grants.new(company.realm, [ACCOUNTING], now=now)
                return token_answer(double, grant) | {"realm_id": company.realm}
            case "expire":
                for grant in grants:
                    grant.access = dict.fromkeys(grant.access, now)
            case "expire_refresh":
                for grant in grants:
                    grant.refresh_ends = now
            case "drop_scope":
                for grant in grants:
                    grant.scopes = [scope for scope in grant.scopes if scope != ACCOUNTING]
            case "revoke":
                for grant in grants:
                    double.grants.revoke(grant.refresh)
            case _:
                raise Unclear("Send action: grant, expire, expire_refresh, drop_scope (the books) or revoke.")
        double.grants.keep()
        return {"grants": len(grants)}

    async def _deliver(self, company: Company, body: Body) -> Body:
        """Without an entity what waits is sent; with one an event of its own, past everything that waits."""
        kind = body.get("kind", "now")
        if kind not in DELIVERIES or set(body) - {"kind", "entity", "id", "operation", "realms"}:
            raise Unclear(f"Send kind ({', '.join(DELIVERIES)}), and if wanted entity, id, operation and realms.")
        if "entity" not in body:
            return {"deliveries": await flush(self._double)}
        events = self._events(company, body)
        groups = {"duplicate": [events, events], "reordered": [self._events(company, body, 1), events]}
        forgery = Forgery.OTHER_SECRET if kind == "bad_signature" else None
        results = [await post(self._double, group, forgery=forgery) for group in groups.get(kind, [events])]
        return {"deliveries": [result for group in results for result in group]}

    def _events(self, company: Company, body: Body, seconds_later: int = 0) -> list[Event]:
        entity, operation = body["entity"], body.get("operation", "Update")
        realms = body.get("realms", [company.realm])
        if entity not in KINDS or entity in SILENT or operation not in OPERATIONS or not isinstance(realms, list):
            raise Unclear(f"entity must have webhooks, operation be one of {', '.join(OPERATIONS)}, realms a list.")
        moment = self._double.clock.now() + 1000 * seconds_later
        record_id = str(body.get("id", "1"))
        return [event_of(self._double, str(realm), entity, record_id, operation, moment=moment) for realm in realms]

    def _shown(self, company: Company) -> Body:
        ready = self._double.ready[company.realm]
        return {
            "id": company.realm, "name": company.name, "currency": company.country.currency,
            "country": company.country.code, "time_zone": company.zone.name, "seed": company.seed,
            "sizes": company.sizes,
            "credentials": {"access_token": ready.newest_access, "refresh_token": ready.refresh},
            "token_calls": {name: company.token_calls[name] for name in ("exchanges", "refreshes", "revocations")},
            "calls": calls_of(company), "most_in_flight": company.most_in_flight,
        }  # fmt: skip


def _counts(company: Company) -> Body:
    """Records by kind, and the calls by month under `calls`."""
    return {kind: shelf.counts() for kind, shelf in company.shelves.items()} | {"calls": calls_of(company)}


def _map(body: Body, name: str) -> dict[str, Any]:
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise Unclear(f"{name} must be a map of kinds to numbers.")
    return value


def _whole(body: Body, name: str, fallback: int) -> int:
    value = body.get(name, fallback)
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise Unclear(f"{name} must be a whole number from 0 up.")
    return value


def _json(data: object) -> web.Response:
    return plain(Reply.json(200, data))
