"""Which codes and tokens are out, and which account each of them opens."""

from __future__ import annotations

import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

import orjson

from integrations.sandbox.mailchimp.errors import LoginError


@dataclass
class Code:
    account_id: str
    redirect_uri: str
    expires: int


@dataclass
class Token:
    """An access token. It never expires; it can only be revoked."""

    account_id: str
    is_revoked: bool = False


@dataclass
class Grants:
    """The login host's memory. With a file it outlives the process, so that a demo stays connected."""

    codes: dict[str, Code] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    file: Path | None = None

    def remember_in(self, file: Path) -> None:
        """Take up what the file holds, and keep it current from now on. An unreadable file is started anew."""
        self.file = file
        try:
            kept = orjson.loads(file.read_bytes())
        except (OSError, ValueError):
            return
        self.tokens |= {text: Token(**each) for text, each in kept["tokens"].items()}

    def new_code(self, code: Code) -> str:
        text = secrets.token_hex(16)
        self.codes[text] = code
        return text

    def take_code(self, text: str, *, now: int) -> Code:
        """Use up a code; LoginError when it was never given, was used before or is too old."""
        code = self.codes.pop(text, None)
        if code is None or now >= code.expires:
            raise LoginError(400, "invalid_grant", "The code is unknown, was used before or has expired.")
        return code

    def new_token(self, account_id: str) -> str:
        text = secrets.token_hex(16)
        self.tokens[text] = Token(account_id)
        self._keep()
        return text

    def revoke_all(self, account_id: str) -> int:
        """Kill everything the account ever allowed. Returns how many tokens died."""
        self.codes = {text: code for text, code in self.codes.items() if code.account_id != account_id}
        dying = [token for token in self.of(account_id) if not token.is_revoked]
        for token in dying:
            token.is_revoked = True
        self._keep()
        return len(dying)

    def of(self, account_id: str) -> list[Token]:
        return [token for token in self.tokens.values() if token.account_id == account_id]

    def _keep(self) -> None:
        if self.file is None:
            return
        fresh = self.file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
            out.write(orjson.dumps({"tokens": {text: asdict(each) for text, each in self.tokens.items()}}))
        fresh.replace(self.file)
