"""A provider that does not exist: a small box office, written as `docs/adding-a-provider.md` says."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar
from urllib.parse import urlencode

import orjson

from integrations.providers import errors, types
from integrations.providers.base import Limits, Provider, Spec, Stream
from integrations.providers.http import ApiSession
from integrations.providers.types import ExternalRecord, Field, Grant, ObjectType, Page, Position

KINDS = ("doors", "guests", "plays", "genres")
SPEC = Spec(
    key="toy",
    name="Toy Box Office",
    category="Tills and payments",
    benefit="Bring in your guests and plays.",
    website="toy.example",
    scopes=tuple(types.Scope(f"{name}_read", f"See your {name}", "To keep them here too.") for name in KINDS),
    urls={"api": "https://api.toy.example"},
    sandbox_urls={"api": "/toy"},
    headers={"Accept": "application/json"},
    limits=Limits(calls_per_second=10, burst=20, windows=4),
    does=("Keeps your guests in one place.",),
    never="We never sell a ticket.",
)
CODES = {"expired": errors.AuthExpired, "revoked": errors.AuthRevoked, "forgotten": errors.BookmarkExpired,
         "permission": errors.PermissionMissing}  # fmt: skip


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.ProviderError:
    """Return our error for an answer; its body holds one code."""
    code, after = str(orjson.loads(body)["error"] if body[:1] == b"{" else ""), headers.get("retry-after")
    if status == 429:
        return errors.RateLimited(code, retry_after=float(after) if after else None, code=code, status=status)
    return (CODES.get(code) or (errors.Transient if status >= 500 else errors.Invalid))(code, code=code, status=status)


class ToyOAuth:
    def authorize_url(self, app: types.AppCredentials, *, redirect_uri: str, state: str, **_: object) -> str:
        return f"/authorize?{urlencode({'redirect_uri': redirect_uri, 'state': state})}"

    def exchange(self, api: ApiSession, app: types.AppCredentials, *, code: str, **_: object) -> Grant:
        return self._grant(api, app, code=code)

    def refresh(self, api: ApiSession, app: types.AppCredentials, *, refresh_token: str) -> Grant:
        return self._grant(api, app, refresh_token=refresh_token)

    def _grant(self, api: ApiSession, app: types.AppCredentials, **form: str) -> Grant:
        told = api.post_form("/token", form | {"client_secret": app.client_secret}, repeatable=False).body
        return Grant(
            told["access"], told["refresh"], datetime.now(UTC) + timedelta(hours=1), account_id=told["account"]
        )


class ToyKey:
    hint = "It begins with toy_key_."

    def looks_right(self, key: str) -> str:
        return "" if key.startswith("toy_key_") else f"This is no key. {self.hint}"

    def details(self, key: str) -> types.JSON:
        return {}


class ToyCheck:
    def account(self, api: ApiSession) -> types.Account:
        told = api.get("/v1/me").body
        return types.Account(told["id"], told["name"], scopes=tuple(told["scopes"]))


class Listed:
    """A list by rank, which never changes, and the changes since a number."""

    object_type: ClassVar[ObjectType]
    kind: ClassVar[str]
    scope: ClassVar[str]
    needs: ClassVar[tuple[ObjectType, ...]] = ()
    fields: ClassVar[tuple[Field, ...]] = (Field("name", "Name"),)
    sweep_size: ClassVar[int] = 20
    place: ClassVar[str] = ""

    def read(self, api: ApiSession, position: Position, scope: types.ReadScope) -> Iterator[Page]:
        if "since" in position:
            yield Page(self.changes(api, position["since"], scope), {"since": api.memory["now"]}, last=True)
            return
        window: types.JSON = dict(position or {"at": 0})
        while True:
            told = api.get(f"/v1/{self.kind}", {"begin": window["at"], "end": window.get("end")}).body
            window = {"started": told["now"], "end": told["size"]} | window
            found = [record(item) for item in told["items"]]
            if not told["more"]:
                yield Page(found, {"since": window["started"]}, total=told["size"], last=True)
                return
            if not found or found[-1].raw["rank"] < window["at"]:
                raise errors.Transient("The box office gave the same page twice.", code="cursor_loop")
            window["at"] = found[-1].raw["rank"] + 1
            yield Page(found, dict(window), total=told["size"])

    def changes(self, api: ApiSession, since: int, scope: types.ReadScope) -> list[ExternalRecord]:
        """Return what changed, of all streams of the turn by one call."""
        if "told" not in api.memory:
            after = min([since, *(each["since"] for each in scope.beside.values() if "since" in each)])
            told = api.get("/v1/changes", {"after": after}).body
            api.memory.update(told=[record(item) for item in told["items"]], now=told["now"])
        return [each for each in api.memory["told"] if each.raw["kind"] == self.kind and each.raw["change"] > since]

    def values(self, raw: dict[str, object]) -> types.Values:
        if isinstance(name := raw.get("name"), str):
            return {"name": name}
        raise errors.BadRecord("It has no name.")

    def gone(self, api: ApiSession, ids: list[str]) -> list[str]:
        return list(api.get(f"/v1/{self.kind}/gone", {"ids": ",".join(ids)}).body["gone"])


class Doors(Listed):
    object_type, kind, scope = ObjectType.LOCATION, "doors", "doors_read"
    rests: ClassVar[timedelta] = timedelta(hours=6)


class Guests(Listed):
    object_type, kind, scope = ObjectType.CUSTOMER, "guests", "guests_read"

    def split(self, position: Position) -> tuple[Position, Position] | None:
        middle = (position["at"] + position["end"]) // 2
        return (position | {"end": middle}, position | {"at": middle}) if middle - position["at"] > 1 else None

    def joined(self, ends: list[Position]) -> Position:
        return min(ends, key=lambda end: int(end["since"]))


class Plays(Listed):
    object_type, kind, scope = ObjectType.PRODUCT, "plays", "plays_read"
    shares: ClassVar[str] = "changes"


class Genres(Plays):
    object_type, kind, scope = ObjectType.CLASS, "genres", "genres_read"


def record(item: types.JSON) -> ExternalRecord:
    return ExternalRecord(item["id"], item, version=str(item["change"]), deleted=bool(item.get("deleted")))


STREAMS: dict[ObjectType, Stream] = {each.object_type: each for each in (Doors(), Guests(), Plays(), Genres())}
TOY = Provider(SPEC, ToyCheck(), STREAMS, ToyOAuth(), ToyKey(), classify=classify)
