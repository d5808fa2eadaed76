"""The toy provider's double: a desk and its strings, to stand behind the sandbox's own door and control plane."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

import orjson
from aiohttp import web

from integrations.sandbox.clock import DAY, HOUR, VirtualClock
from integrations.sandbox.control import Body, Unclear, plain
from integrations.sandbox.door import Reply
from integrations.sandbox.log import Entry
from integrations.sandbox.page import consent_page
from tests.contract.toy import KINDS

_REMEMBERED = 30 * DAY  # how long changes can be told


class Refused(Exception):
    """What is wrong with a request."""

    def __init__(self, status: int, code: str) -> None:
        self.status, self.code = status, code


@dataclass
class Token:
    """What opens an account."""

    account: "ToyAccount"
    ends: int | None = None
    revoked: bool = False


@dataclass
class ToyAccount:
    """One box office: everything it ever had, in the order of making, and the number of its last change."""

    id: str
    name: str
    api_key: str
    items: dict[str, dict[str, Body]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    scopes: list[str] = field(default_factory=lambda: [f"{kind}_read" for kind in KINDS])
    now: int = 0
    times: dict[int, int] = field(default_factory=dict)  # when a change was made

    def write(self, kind: str, item_id: str, at: int, **values: Any) -> str:
        """Make or change an item."""
        self.now += 1
        shelf = self.items[kind]
        before = shelf.get(item_id) or {"id": item_id, "kind": kind, "rank": len(shelf)}
        shelf[item_id] = before | values | {"change": self.now}
        self.times[self.now] = at
        return item_id


class ToyDesk:
    """What the provider answers, and the strings of its control plane."""

    name = "toy"

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.reset({})

    def reset(self, body: Body) -> None:
        """Begin anew."""
        self.accounts: dict[str, ToyAccount] = {}
        self.tokens: dict[str, Token] = {}
        self.consents: dict[str, dict[str, str]] = {}
        self.settings: Body = {"page_size": 100, "latency_ms": 0}

    @property
    def latency(self) -> float:
        """How long every answer takes, in seconds."""
        return float(self.settings["latency_ms"]) / 1000

    def rate_limited(self, retry_after: float | None) -> Reply:
        """The toy's own 429."""
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        return Reply.json(429, {"error": "slow_down"}, headers)

    def failed(self, status: int) -> Reply:
        """An error without a reason."""
        return Reply.json(status, {"error": "failed"})

    async def answer(self, request: web.Request, path: str, entry: Entry) -> Reply:
        """What a request is answered."""
        form = dict(parse_qsl((await request.read()).decode()))
        try:
            if path == "/authorize":
                return self._consent(dict(request.query))
            if path == "/authorize/decision":
                return self._decide(form)
            if path == "/token":
                return Reply.json(200, self._exchange(form, entry))
            account = self._let_in(request.headers.get("Authorization", "").removeprefix("Bearer "))
            entry.merchant = account.id
            return Reply.json(200, self._read(account, path.removeprefix("/v1/"), dict(request.query)))
        except Refused as refused:
            return Reply.json(refused.status, {"error": refused.code})

    def _consent(self, query: dict[str, str]) -> Reply:
        accounts = [(each.id, each.name) for each in self.accounts.values()]
        ticket = secrets.token_hex(8)
        self.consents[ticket] = query
        page = consent_page(
            application="Backline", provider="Toy", action="decision", ticket=ticket, permissions=[], accounts=accounts
        )
        return Reply(200, page.encode(), "text/html")

    def _decide(self, form: dict[str, str]) -> Reply:
        asked = self.consents.pop(form["ticket"])
        code = self._give(self.accounts[form["account"]], "code")
        said = {"code": code} if form["decision"] == "allow" else {"error": "access_denied"}
        return Reply(
            302, b"", headers={"Location": f"{asked['redirect_uri']}?{urlencode(said | {'state': asked['state']})}"}
        )

    def _exchange(self, form: dict[str, str], entry: Entry) -> Body:
        shown = self.tokens.pop(form.get("code") or form.get("refresh_token", ""), None)
        if form.get("client_secret") != "toy-secret" or shown is None or shown.revoked:
            raise Refused(400, "revoked")
        entry.merchant = shown.account.id
        access, refresh = self._give(shown.account, "access", HOUR), self._give(shown.account, "refresh")
        return {"access": access, "refresh": refresh, "account": shown.account.id}

    def _give(self, account: ToyAccount, what: str, lives: int | None = None) -> str:
        text = f"toy_{what}_{secrets.token_hex(8)}"
        self.tokens[text] = Token(account, self.clock.now() + lives if lives else None)
        return text

    def _let_in(self, text: str) -> ToyAccount:
        token = self.tokens.get(text)
        if token is None or token.revoked:
            raise Refused(401, "revoked")
        if token.ends is not None and token.ends <= self.clock.now():
            raise Refused(401, "expired")
        return token.account

    def _read(self, account: ToyAccount, path: str, query: dict[str, str]) -> Body:
        if path == "me":
            return {"id": account.id, "name": account.name, "scopes": account.scopes}
        if path == "changes":
            return self._changes(account, int(query["after"]))
        kind, _, what = path.partition("/")
        if f"{kind}_read" not in account.scopes:
            raise Refused(403, "permission")
        shelf = account.items[kind]
        if what == "gone":
            return {"gone": [each for each in query["ids"].split(",") if shelf.get(each, {}).get("deleted", True)]}
        begin, end = int(query["begin"]), int(query.get("end", len(shelf)))
        found = [each for each in shelf.values() if begin <= each["rank"] < end and not each.get("deleted")]
        size = self.settings["page_size"] or 100
        return {"items": found[:size], "more": len(found) > size, "now": account.now, "size": len(shelf)}

    def _changes(self, account: ToyAccount, after: int) -> Body:
        if any(at < self.clock.now() - _REMEMBERED for number, at in account.times.items() if number > after):
            raise Refused(410, "forgotten")
        found = [each for shelf in account.items.values() for each in shelf.values() if each["change"] > after]
        return {"items": found, "now": account.now}

    # The strings.

    def state(self) -> Body:
        """What there is."""
        accounts = [{"id": each.id, "name": each.name, "api_key": each.api_key} for each in self.accounts.values()]
        return {"settings": self.settings, "accounts": accounts}

    async def handle(self, request: web.Request, parts: list[str], body: Body) -> web.StreamResponse:
        """Everything below /_control/toy, in the words of the other doubles."""
        acts: Mapping[str, Callable[[ToyAccount, Body], Any]] = {
            "tokens": self._act,
            **{verb: partial(self._edit, verb) for verb in ("change", "create", "delete")},
        }
        match request.method, parts:
            case "POST", ["redirect-uris"]:
                pass
            case "POST", ["settings"]:
                self.settings |= body
            case "POST", ["accounts"]:
                return plain(Reply.json(200, {"account_id": self._open(body["name"], body.get("sizes", {}))}))
            case "POST", [account, act] if act in acts:
                return plain(Reply.json(200, acts[act](self.accounts[account], body)))
            case "GET", [account, "truth"]:
                known = self.accounts[account].items[request.query["kind"]].values()
                told = [{"id": each["id"], "is_deleted": True} if each.get("deleted") else each for each in known]
                return plain(Reply(200, b"\n".join(map(orjson.dumps, told))))
            case _:
                raise Unclear("There is no such string.")
        return plain(Reply.json(200, {}))

    def _open(self, name: str, sizes: dict[str, int]) -> str:
        number = len(self.accounts)
        account = ToyAccount(f"box-{number}", name, f"toy_key_{number}")
        self.accounts[account.id] = account
        self.tokens[account.api_key] = Token(account)
        self._edit("create", account, sizes)
        return account.id

    def _edit(self, verb: str, account: ToyAccount, wishes: dict[str, int]) -> dict[str, list[str]]:
        at = self.clock.now()
        done: dict[str, list[str]] = {}
        for kind, number in wishes.items():
            shelf = account.items[kind]
            live = [each["id"] for each in shelf.values() if not each.get("deleted")][:number]
            fresh = [f"{kind}-{len(shelf) + each}" for each in range(number)]
            values = {"deleted": True} if verb == "delete" else {"name": f"{verb} {account.now}"}
            done[kind] = [account.write(kind, each, at, **values) for each in (fresh if verb == "create" else live)]
        return done

    def _act(self, account: ToyAccount, body: Body) -> Body:
        mine = {text: token for text, token in self.tokens.items() if token.account is account}
        for text, token in mine.items():
            if body["action"] == "expire" and "access" in text:
                token.ends = self.clock.now()
            token.revoked = token.revoked or body["action"] == "revoke"
        if body["action"] == "drop_scope":
            account.scopes.remove(body["scope"])
        return {"tokens": len(mine)}
