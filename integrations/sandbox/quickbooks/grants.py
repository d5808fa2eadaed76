"""Which codes and tokens are out. A refresh token changes with use; what was given together dies together."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from integrations.sandbox.clock import DAY, MINUTE, SECOND
from integrations.sandbox.quickbooks.errors import OAuthError

ACCOUNTING = "com.intuit.quickbooks.accounting"
CODE_LIFE = 10 * MINUTE
ACCESS_LIFE = 3600 * SECOND
REFRESH_LIFE = 8_726_400 * SECOND
HARD_LIFE = 5 * 365 * DAY


@dataclass
class Code:
    realm: str
    scopes: list[str]
    redirect_uri: str
    expires: int


@dataclass
class Grant:
    """One company's yes: its access tokens and their ends, the refresh token and the one before."""

    realm: str
    scopes: list[str]
    born: int
    refresh: str
    refresh_since: int
    refresh_ends: int
    access: dict[str, int] = field(default_factory=dict)
    previous: str | None = None
    previous_ends: int = 0
    is_revoked: bool = False
    is_kept: bool = True

    @property
    def hard_end(self) -> int:
        return self.born + HARD_LIFE

    @property
    def newest_access(self) -> str:
        return next(reversed(self.access), "")


@dataclass
class Grants:
    """The authorisation server's memory. With a file it outlives the process, so that a demo stays connected."""

    codes: dict[str, Code] = field(default_factory=dict)
    all: list[Grant] = field(default_factory=list)
    by_access: dict[str, Grant] = field(default_factory=dict)
    by_refresh: dict[str, Grant] = field(default_factory=dict)
    file: Path | None = None

    def remember_in(self, file: Path) -> None:
        """Take up what the file holds, and keep it current from now on. An unreadable file is started anew."""
        self.file = file
        try:
            kept = [Grant(**each) for each in orjson.loads(file.read_bytes())["grants"]]
        except (OSError, ValueError, KeyError, TypeError):
            return
        for grant in kept:
            self.all.append(grant)
            self.by_access |= dict.fromkeys(grant.access, grant)
            self.by_refresh |= dict.fromkeys(filter(None, (grant.refresh, grant.previous)), grant)

    def keep(self) -> None:
        """Write the file, if there is one; grants that were ready from the start are made anew each time."""
        if self.file is None:
            return
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(orjson.dumps({"grants": [asdict(grant) for grant in self.all if grant.is_kept]}))
        fresh.replace(self.file)

    def new_code(self, code: Code) -> str:
        text = "AB11" + secrets.token_urlsafe(36)
        self.codes[text] = code
        return text

    def take_code(self, text: str, redirect_uri: str, *, now: int) -> Code:
        """Use up a code; OAuthError when it was never given, was used before, is too old or is for another address."""
        code = self.codes.pop(text, None)
        if code is None or now >= code.expires:
            raise OAuthError(400, "invalid_grant", "Invalid authorization code")
        if code.redirect_uri != redirect_uri:
            raise OAuthError(400, "invalid_grant", "The redirect_uri is not the one of the authorization request")
        return code

    def new(self, realm: str, scopes: list[str], *, now: int, is_kept: bool = True) -> Grant:
        grant = Grant(realm, scopes, now, _refresh_token(), now, now + REFRESH_LIFE, is_kept=is_kept)
        self.all.append(grant)
        self.by_refresh[grant.refresh] = grant
        self.add_access(grant, now=now)
        return grant

    def add_access(self, grant: Grant, *, now: int) -> str:
        """A new access token; dead ones are forgotten when an hour has passed since their end."""
        for text in [text for text, end in grant.access.items() if end + ACCESS_LIFE < now]:
            del grant.access[text], self.by_access[text]
        text = "eyJlbmMiOiJBMTI4Q0JDLUhTMjU2IiwiYWxnIjoiZGlyIn0.." + secrets.token_urlsafe(48)
        grant.access[text] = now + ACCESS_LIFE
        self.by_access[text] = grant
        self.keep()
        return text

    def refresh(self, text: str, *, now: int, rotate_after: int | None, grace: int) -> Grant:
        """Renew a grant: roll the refresh token if it is time, give a new access token. OAuthError when it is dead."""
        grant = self.by_refresh.get(text)
        if grant is None or not self._opens(grant, text, now):
            raise OAuthError(400, "invalid_grant", "Incorrect or invalid refresh token")
        is_current = text == grant.refresh
        if is_current and rotate_after is not None and now - grant.refresh_since >= rotate_after:
            self._rotate(grant, now=now, grace=grace)
        grant.refresh_ends = min(now + REFRESH_LIFE, grant.hard_end)
        self.add_access(grant, now=now)
        return grant

    def _opens(self, grant: Grant, text: str, now: int) -> bool:
        if grant.is_revoked or now >= min(grant.refresh_ends, grant.hard_end):
            return False
        return text == grant.refresh or (text == grant.previous and now < grant.previous_ends)

    def _rotate(self, grant: Grant, *, now: int, grace: int) -> None:
        if grant.previous is not None:
            self.by_refresh.pop(grant.previous, None)
        grant.previous, grant.previous_ends = grant.refresh, now + grace
        grant.refresh, grant.refresh_since = _refresh_token(), now
        self.by_refresh[grant.refresh] = grant

    def revoke(self, text: str) -> Grant | None:
        """Kill everything that was given together with this token; None when it opens nothing."""
        grant = self.by_refresh.get(text) or self.by_access.get(text)
        if grant is None or grant.is_revoked:
            return None
        grant.is_revoked = True
        self.keep()
        return grant

    def of(self, realm: str) -> list[Grant]:
        """The living grants of a company."""
        return [grant for grant in self.all if grant.realm == realm and not grant.is_revoked]


def _refresh_token() -> str:
    return "AB11" + secrets.token_hex(23)
