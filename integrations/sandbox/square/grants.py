"""Which codes and tokens are out, and what each of them still opens."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from base64 import urlsafe_b64encode
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from integrations.sandbox.clock import DAY, MINUTE
from integrations.sandbox.square.errors import SquareError, invalid

CODE_LIFE = 5 * MINUTE
TOKEN_LIFE = 30 * DAY
SHORT_TOKEN_LIFE = DAY
PKCE_REFRESH_LIFE = 90 * DAY


@dataclass
class Code:
    merchant_id: str
    scopes: list[str]
    redirect_uri: str | None
    challenge: str | None
    expires: int


@dataclass
class Token:
    """An access token. `expires` is None for personal tokens.

    A seller's personal token is that of an application of the seller's own; `is_application` is that of ours.
    """

    merchant_id: str
    scopes: list[str]
    expires: int | None
    is_personal: bool = False
    is_revoked: bool = False
    is_application: bool = False

    @property
    def application(self) -> str:
        """Whose application it is: a seller's, or "" for ours."""
        return self.merchant_id if self.is_personal and not self.is_application else ""


@dataclass
class Refresh:
    """A refresh token. Those of the PKCE flow work once and only for ninety days."""

    merchant_id: str
    scopes: list[str]
    expires: int | None = None


@dataclass
class Grants:
    """The authorisation server's memory. With a file it outlives the process, so that a demo stays connected."""

    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    refreshes: dict[str, Refresh] = field(default_factory=dict)
    file: Path | None = None

    def remember_in(self, file: Path) -> None:
        """Take up what the file holds, and keep it current from now on. An unreadable file is started anew."""
        self.file = file
        try:
            kept = orjson.loads(file.read_bytes())
        except (OSError, ValueError):
            return
        self.tokens |= {text: Token(**each) for text, each in kept["tokens"].items()}
        self.refreshes |= {text: Refresh(**each) for text, each in kept["refreshes"].items()}

    def _keep(self) -> None:
        if self.file is None:
            return
        tokens = {text: asdict(each) for text, each in self.tokens.items() if not each.is_personal}
        refreshes = {text: asdict(each) for text, each in self.refreshes.items()}
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(orjson.dumps({"tokens": tokens, "refreshes": refreshes}))
        fresh.replace(self.file)

    def new_code(self, code: Code) -> str:
        text = "sandbox-sq0cgb-" + secrets.token_urlsafe(16)
        self.codes[text] = code
        return text

    def take_code(self, text: str, *, now: int) -> Code:
        """Use up a code; SquareError when it was never given, was used before or is too old."""
        code = self.codes.pop(text, None)
        if code is None or now >= code.expires:
            raise SquareError(
                401, "UNAUTHORIZED", "The authorization code is unknown, was used before or has expired.", field="code"
            )
        return code

    def new_token(self, merchant_id: str, scopes: list[str], *, expires: int) -> str:
        text = "EAAAl" + secrets.token_urlsafe(45)[:59]
        self.tokens[text] = Token(merchant_id, list(scopes), expires)
        self._keep()
        return text

    def new_refresh(self, merchant_id: str, scopes: list[str], *, expires: int | None) -> str:
        text = "EQAAl" + secrets.token_urlsafe(45)[:59]
        self.refreshes[text] = Refresh(merchant_id, list(scopes), expires)
        self._keep()
        return text

    def refresh(self, text: str, *, now: int) -> Refresh:
        known = self.refreshes.get(text)
        if known is None or (known.expires is not None and now >= known.expires):
            raise SquareError(401, "UNAUTHORIZED", "The refresh token is unknown or dead.", field="refresh_token")
        return known

    def revoke_all(self, merchant_id: str) -> int:
        """Kill everything the seller ever allowed; the seller's personal token stays. Returns how many tokens died."""
        self.refreshes = {text: kept for text, kept in self.refreshes.items() if kept.merchant_id != merchant_id}
        self.codes = {text: kept for text, kept in self.codes.items() if kept.merchant_id != merchant_id}
        dying = [token for token in self.of(merchant_id) if not token.is_revoked]
        for token in dying:
            token.is_revoked = True
        self._keep()
        return len(dying)

    def of(self, merchant_id: str) -> list[Token]:
        """The access tokens that went through the consent page for this seller."""
        return [token for token in self.tokens.values() if token.merchant_id == merchant_id and not token.is_personal]


def check_verifier(challenge: str | None, verifier: str | None) -> None:
    """The proof of PKCE with S256; SquareError when it is missing, unasked for or wrong."""
    if challenge is None:
        if verifier is not None:
            raise invalid("INVALID_VALUE", "This code was asked for without a code challenge.", "code_verifier")
        return
    if not verifier:
        raise invalid("MISSING_REQUIRED_PARAMETER", "This code needs its code verifier.", "code_verifier")
    digest = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    if not hmac.compare_digest(digest, challenge):
        raise invalid("INVALID_VALUE", "The code verifier does not fit the code challenge.", "code_verifier")
