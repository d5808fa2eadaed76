"""The strings of the Mailchimp double: accounts, settings, tokens, edits, truth and deliveries."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import orjson
from aiohttp import web

from integrations.sandbox.control import Body, Unclear, plain
from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp import truth
from integrations.sandbox.mailchimp.accounts import COUNTRIES, Account, Sizes
from integrations.sandbox.mailchimp.audiences import Audience
from integrations.sandbox.mailchimp.deliveries import delivered
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.edits import SAYS, WHAT, Staff

_VERBS = {"change": {"members"}, "create": {"members"}, "delete": {"members", "forgotten"}}
_OPENING = {"name", "seed", "sizes", "currency", "dc", "press"}


class MailchimpControl:
    """Everything below /_control/mailchimp, and Mailchimp's part in state and reset."""

    def __init__(self, mailchimp: MailchimpDouble) -> None:
        self._mailchimp = mailchimp

    def state(self) -> Body:
        mailchimp = self._mailchimp
        return {
            "client_id": mailchimp.application.client_id,
            "redirect_uris": mailchimp.redirect_uris,
            "settings": asdict(mailchimp.settings),
            "accounts": [_shown(account) for account in mailchimp.accounts.values()],
        }

    def reset(self, body: Body) -> None:
        if set(body) - {"seed", "sizes"}:
            raise Unclear("Send nothing, or seed (a whole number) and sizes (a map of kind to number).")
        self._mailchimp.reset(
            seed=_whole(body, "seed", self._mailchimp.seed), sizes=_sizes(body.get("sizes"), self._mailchimp.sizes)
        )

    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse:
        match request.method, parts:
            case "POST", ["accounts"]:
                return _json(self._open(body))
            case "POST", ["redirect-uris"]:
                return _json(self._register(body))
            case "POST", ["settings"]:
                self._mailchimp.settings = self._mailchimp.settings.changed(body)
                return _json(asdict(self._mailchimp.settings))
            case "POST", [account_id, ("change" | "create" | "delete") as verb]:
                return _json(self._edit(self._account(account_id), verb, body))
            case "POST", [account_id, "say"]:
                return _json(self._say(self._account(account_id), body))
            case "POST", [account_id, "tokens"]:
                return _json(self._tokens(self._account(account_id), body))
            case "POST", [account_id, "deliver"]:
                return _json(await delivered(self._mailchimp, self._account(account_id), body))
            case "GET", [account_id, "counts"]:
                account = self._account(account_id)
                return _json(truth.counts(account, _audiences(account, request.query.get("list"))))
            case "GET", [account_id, "truth"]:
                return await self._truth(request, self._account(account_id))
        return plain(Reply.json(404, {"error": f"There is no {request.method} /_control/mailchimp/{'/'.join(parts)}."}))

    def _account(self, account_id: str) -> Account:
        if account_id not in self._mailchimp.accounts:
            raise Unclear(f"No account {account_id}; GET /_control/state lists them.")
        account = self._mailchimp.accounts[account_id]
        account.settle(self._mailchimp.clock.now())
        return account

    def _open(self, body: Body) -> Body:
        if not isinstance(body.get("name"), str) or set(body) - _OPENING:
            raise Unclear(
                "Send name, and if wanted seed, sizes, currency, dc and press (the name of a second audience)."
            )
        if body.get("currency", "GBP") not in COUNTRIES:
            raise Unclear(f"currency must be one of {', '.join(COUNTRIES)}.")
        if not re.fullmatch(r"[a-z]+\d+", str(body.get("dc", "us6"))):
            raise Unclear("dc must look like us6.")
        account = self._mailchimp.open(
            body["name"],
            sizes=_sizes(body.get("sizes"), Sizes()),
            seed=_whole(body, "seed", self._mailchimp.seed),
            currency=body.get("currency", "GBP"),
            dc=body.get("dc"),
            press=body.get("press"),
        )
        return {"account_id": account.id, **_shown(account)}

    def _register(self, body: Body) -> Body:
        uri = body.get("uri")
        if not isinstance(uri, str) or "://" not in uri:
            raise Unclear("Send uri, the full redirect address.")
        if uri not in self._mailchimp.redirect_uris:
            self._mailchimp.redirect_uris.append(uri)
        return {"redirect_uris": self._mailchimp.redirect_uris}

    def _edit(self, account: Account, verb: str, body: Body) -> dict[str, list[str]]:
        kinds = _VERBS[verb]
        extra = {"seed", "list"} | ({"what"} if verb == "change" else set())
        if set(body) - kinds - extra or not set(body) & kinds or body.get("what", WHAT[0]) not in WHAT:
            raise Unclear(
                f"To {verb}, send how many of {', '.join(sorted(kinds))}; if wanted a seed, a list (the first is meant"
                f" without) and, for a change, what: {', '.join(WHAT)}."
            )
        audience = _audiences(account, body.get("list"))[0]
        account.writes += 1
        staff = Staff(self._mailchimp, account, audience, random.Random(_whole(body, "seed", account.writes)))
        if verb == "change":
            return {"members": staff.change(_whole(body, "members", 0), body.get("what"))}
        if verb == "create":
            return {"members": staff.create(_whole(body, "members", 0))}
        hands = {"members": staff.archive, "forgotten": staff.forget}
        return {kind: hand(_whole(body, kind, 0)) for kind, hand in hands.items() if kind in body}

    def _say(self, account: Account, body: Body) -> Body:
        is_clear = isinstance(body.get("email"), str) and body.get("says") in SAYS
        if set(body) - {"email", "says", "list"} or not is_clear:
            raise Unclear(f"Send email, and what its owner says: {', '.join(SAYS)}; if wanted a list.")
        audience = _audiences(account, body.get("list"))[0]
        staff = Staff(self._mailchimp, account, audience, random.Random(0))
        return {"members": staff.say(body["email"], body["says"])}

    def _tokens(self, account: Account, body: Body) -> Body:
        """Acts on the tokens from the consent page; on the API key too with include_personal."""
        if set(body) - {"action", "include_personal"}:
            raise Unclear("Send action, and include_personal if the API key is meant too.")
        match body.get("action"):
            case "revoke":
                account.is_key_revoked = account.is_key_revoked or bool(body.get("include_personal"))
                return {"tokens": self._mailchimp.grants.revoke_all(account.id)}
            case "disable_user" | "enable_user" as action:
                account.is_disabled = action == "disable_user"
                return {"tokens": len(self._mailchimp.grants.of(account.id))}
            case "expire":
                raise Unclear("Tokens of Mailchimp never expire; they can only be revoked.")
            case "drop_scope":
                raise Unclear("Mailchimp knows no scopes; a grant is the whole account.")
        raise Unclear("Send action: revoke, disable_user or enable_user.")

    async def _truth(self, request: web.Request, account: Account) -> web.StreamResponse:
        kind, audiences = request.query.get("kind", ""), _audiences(account, request.query.get("list"))
        if kind not in truth.KINDS:
            raise Unclear(f"kind must be one of {', '.join(truth.KINDS)}.")
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        for chunk in _chunks(truth.records(account, kind, audiences)):
            await response.write(chunk)
        return response


def _chunks(documents: Iterator[Document]) -> Iterator[bytes]:
    chunk: list[bytes] = []
    for document in documents:
        chunk.append(orjson.dumps(document) + b"\n")
        if len(chunk) == 500:
            yield b"".join(chunk)
            chunk.clear()
    if chunk:
        yield b"".join(chunk)


def _audiences(account: Account, list_id: str | None) -> list[Audience]:
    """The audience of this id, or all of them."""
    if list_id is None:
        return list(account.audiences.values())
    if list_id not in account.audiences:
        raise Unclear(f"{account.name} has no list {list_id}; it has {', '.join(account.audiences)}.")
    return [account.audiences[list_id]]


def _shown(account: Account) -> Body:
    return {
        "id": account.id, "name": account.name, "dc": account.dc, "currency": account.currency, "seed": account.seed,
        "sizes": asdict(account.sizes), "api_key": account.api_key, "user_id": account.user_id,
        "login_id": account.login_id, "is_disabled": account.is_disabled, "most_in_flight": account.most_in_flight,
        "lists": [
            {"id": one.id, "name": one.name, "members": one.register.next_rank(), "webhooks": list(one.webhooks)}
            for one in account.audiences.values()
        ],
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
