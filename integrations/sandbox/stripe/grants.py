"""Which keys, codes and tokens are out, and what each of them still opens."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from integrations.sandbox.clock import MINUTE
from integrations.sandbox.stripe.errors import OAuthError

CODE_LIFE = 5 * MINUTE


@dataclass
class Key:
    """A key from the dashboard. `permissions` is None for a key that may do everything."""

    account_id: str
    permissions: frozenset[str] | None = None
    is_expired: bool = False


@dataclass
class Code:
    account_id: str
    scope: str
    expires: int
    is_used: bool = False


@dataclass
class Token:
    """A token from the consent page, for access or for refreshing."""

    account_id: str
    scope: str


@dataclass
class Grants:
    """The authorisation server's memory. With a file the connections outlive the process."""

    keys: dict[str, Key] = field(default_factory=dict)
    codes: dict[str, Code] = field(default_factory=dict)
    connections: dict[str, str] = field(default_factory=dict)  # account to scope
    tokens: dict[str, Token] = field(default_factory=dict)
    refreshes: dict[str, Token] = field(default_factory=dict)
    file: Path | None = None

    def remember_in(self, file: Path) -> None:
        """Take up what the file holds, and keep it current from now on. An unreadable file is started anew."""
        self.file = file
        try:
            kept = orjson.loads(file.read_bytes())
        except (OSError, ValueError):
            return
        self.connections |= kept["connections"]
        self.tokens |= {text: Token(**each) for text, each in kept["tokens"].items()}
        self.refreshes |= {text: Token(**each) for text, each in kept["refreshes"].items()}

    def keep(self) -> None:
        if self.file is None:
            return
        tokens = {text: asdict(each) for text, each in self.tokens.items()}
        refreshes = {text: asdict(each) for text, each in self.refreshes.items()}
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(orjson.dumps({"connections": self.connections, "tokens": tokens, "refreshes": refreshes}))
        fresh.replace(self.file)

    def new_code(self, account_id: str, scope: str, *, now: int) -> str:
        text = "ac_" + secrets.token_hex(16)
        self.codes[text] = Code(account_id, scope, now + CODE_LIFE)
        return text

    def take_code(self, text: str, *, now: int) -> Code:
        """Use up a code. A code that comes twice ends what its first use began."""
        code = self.codes.get(text)
        if code is None:
            raise OAuthError(400, f"Authorization code does not exist: {text}", code="invalid_grant")
        if code.is_used:
            self.disconnect(code.account_id)
            message = (
                "This authorization code has already been used. All tokens issued with this code have been revoked."
            )
            raise OAuthError(400, message, code="invalid_grant")
        if now >= code.expires:
            raise OAuthError(400, f"Authorization code expired: {text}", code="invalid_grant")
        code.is_used = True
        return code

    def connect(self, account_id: str, scope: str) -> tuple[str, str]:
        """Connect the account; returns an access token and a refresh token."""
        refresh = "rt_" + secrets.token_hex(20)
        self.connections[account_id] = scope
        self.refreshes[refresh] = Token(account_id, scope)
        return self.new_token(account_id, scope), refresh

    def new_token(self, account_id: str, scope: str) -> str:
        access = "sk_test_" + secrets.token_hex(20)
        self.tokens[access] = Token(account_id, scope)
        self.keep()
        return access

    def disconnect(self, account_id: str) -> bool:
        """End the connection with all its tokens; False when there was none. Keys from the dashboard stay."""
        was_connected = self.connections.pop(account_id, None) is not None
        self.tokens = {text: one for text, one in self.tokens.items() if one.account_id != account_id}
        self.refreshes = {text: one for text, one in self.refreshes.items() if one.account_id != account_id}
        self.keep()
        return was_connected

    def keys_of(self, account_id: str) -> dict[str, Key]:
        return {text: key for text, key in self.keys.items() if key.account_id == account_id}


def hidden(key: str) -> str:
    """A key as error messages show it."""
    head = "_".join(key.split("_")[:2])
    return f"{head}_{'*' * max(4, len(key) - len(head) - 5)}{key[-4:]}" if len(key) > 16 else "*" * len(key)
