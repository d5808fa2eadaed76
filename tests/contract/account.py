"""An account at a provider's double, a venue that is connected to it, and what happens there meanwhile."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import orjson
import requests
from django.contrib.auth.models import User

from connections import keys, oauth
from connections.models import Connection
from integrations.models import Role, Venue
from integrations.providers.types import JSON, ObjectType
from syncing.models import RecordLink
from tests.contract.stage import Stage
from tests.factories import MembershipFactory
from tests.provider_sandbox import Sandbox

SESSION = "session-of-the-owner"


@dataclass
class Account:
    """An account at the double. `told` is how the double describes it."""

    stage: Stage
    sandbox: Sandbox
    told: JSON
    venue: Venue
    owner: User

    @property
    def id(self) -> str:
        """Its id at the provider."""
        return str(self.told["id"])

    @property
    def key(self) -> str:
        """The key that its owner pastes."""
        return str(self.told[self.stage.api_key])

    def path(self, object_type: ObjectType) -> str:
        """Where the list of a stream is, as the double's log and faults name it."""
        lists = self.told.get("lists") or [{"id": ""}]
        facts = {"id": self.id, "dc": self.told.get("dc", ""), "list": lists[0]["id"]}
        return self.stage.streams[object_type].path.format(**facts)

    def act(self, what: str, **body: Any) -> Any:
        """Pull one of the account's strings and return what the double answers."""
        return self.sandbox.ask("POST", f"/{self.stage.key}/{self.id}/{what}", body)

    def fail(self, kind: str, object_type: ObjectType | None = None, **more: Any) -> None:
        """Let calls go wrong: those for a stream's list, or all."""
        path = {"path": self.path(object_type)} if object_type else {}
        self.sandbox.ask("POST", "/faults", {"provider": self.stage.key, "kind": kind, **path, **more})

    def forbid(self, object_type: ObjectType) -> None:
        """Take away the permission for a stream. Where there is but one for all, the next call alone is refused."""
        if self.stage.drop:
            self.act("tokens", **self.stage.drop, scope=self.stage.stream(object_type).scope)
        else:
            self.fail("status", object_type, status=403, body=self.stage.forbidden, times=1)

    def truth(self, object_type: ObjectType) -> tuple[dict[str, JSON], set[str]]:
        """Return what a perfect reader knows now: the live documents by external id, and the ids of deleted ones."""
        watched = self.stage.streams[object_type]
        url = f"{self.sandbox.url}/_control/{self.stage.key}/{self.id}/truth"
        lines = requests.get(url, {"kind": watched.kind}, timeout=60).content.splitlines()
        live, gone = dict[str, JSON](), set[str]()
        for document in map(orjson.loads, lines):
            if document.get("is_deleted"):
                gone.add(self.stage.id_of(document))
            elif watched.of_ours(document):
                live[self.stage.id_of(document)] = document
        return live, gone

    def calls(self, object_type: ObjectType | None = None) -> list[JSON]:
        """Return the calls since the log was cleared, of a stream's list or all."""
        entries: list[JSON] = self.sandbox.ask("GET", "/log", limit=5000)["entries"]
        return [each for each in entries if object_type is None or each["path"] == self.path(object_type)]


def open_account(stage: Stage, sandbox: Sandbox, name: str = "The Lantern Room") -> Account:
    """Return a new small account, and a new venue with its owner."""
    made = sandbox.ask("POST", f"/{stage.key}/{stage.accounts}", {"name": name, "sizes": stage.sizes, **stage.opening})
    made_id = made.get("merchant_id") or made.get("account_id") or made["id"]
    state = sandbox.ask("GET", "/state")[stage.key]
    told = next(each for each in state[stage.accounts] if each["id"] == made_id)
    member = MembershipFactory.create(role=Role.VENUE_ADMIN)
    return Account(stage, sandbox, told, member.venue, member.user)


def set_out(account: Account, *, reconnect: Connection | None = None) -> oauth.Trip:
    """Begin the trip to the consent page."""
    return oauth.begin(
        user=account.owner, venue=account.venue, provider=account.stage.provider, session_key=SESSION,
        reconnect=reconnect,
    )  # fmt: skip


def consent(trip: oauth.Trip, account_id: str, decision: str = "allow") -> dict[str, str]:
    """Answer the consent page as an owner does, and return the query of the way back."""
    page = requests.get(trip.authorization_url, timeout=10)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    action = re.search(r'action="([^"]+)"', page.text)
    assert ticket is not None, page.text[:300]
    assert action is not None, page.text[:300]
    answers = {"ticket": ticket[1], "account": account_id, "decision": decision}
    answer = requests.post(urljoin(page.url, action[1]), answers, allow_redirects=False, timeout=10)
    return dict(parse_qsl(urlsplit(answer.headers["Location"]).query))


def come_back(account: Account, query: dict[str, str]) -> Connection:
    """Complete the trip."""
    return oauth.complete(provider=account.stage.provider, query=query, user=account.owner, session_key=SESSION)[0]


def sign_in(account: Account, *, reconnect: Connection | None = None) -> Connection:
    """Connect the venue through the consent page."""
    return come_back(account, consent(set_out(account, reconnect=reconnect), account.id))


def paste_key(account: Account) -> Connection:
    """Connect the venue with the account's key."""
    return keys.connect(account.stage.provider, account.venue, account.key, user=account.owner)


def connect(account: Account) -> Connection:
    """Connect the venue the quickest way."""
    return paste_key(account) if account.stage.api_key else sign_in(account)


def stored(connection: Connection, object_type: ObjectType) -> dict[str, JSON]:
    """Return what is here and not deleted, as received, by external id."""
    links = RecordLink.objects.filter(connection=connection, external_type=object_type).exclude(state="deleted")
    return dict(links.values_list("external_id", "raw"))


def assert_exact(account: Account, connection: Connection, object_type: ObjectType) -> None:
    """Hold what is stored against the double: nothing missing, nothing doubled, nothing stale, nothing else."""
    live, _ = account.truth(object_type)
    here = stored(connection, object_type)
    assert here.keys() == live.keys(), f"{account.stage} {object_type}"
    stale = [each for each in live if not agrees(here[each], live[each])]
    assert stale == [], [(here[each], live[each]) for each in stale[:1]]
    links = RecordLink.objects.filter(connection=connection, external_type=object_type, state="in_step")
    assert links.values("record").distinct().count() == len(live)


def agrees(here: Any, there: Any) -> bool:
    """Whether what both sides hold is equal; what was not asked for, or was put beside it, does not count."""
    if isinstance(here, dict) and isinstance(there, dict):
        return all(agrees(here[name], there[name]) for name in here.keys() & there.keys())
    if isinstance(here, list) and isinstance(there, list):
        return len(here) == len(there) and all(map(agrees, here, there))
    return bool(here == there or (isinstance(here, dict) and here.get("id") == there))
