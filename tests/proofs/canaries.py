"""Looks for planted secrets in any text, also in the disguises in which secrets leak."""

import base64
from collections.abc import Iterable
from urllib.parse import quote


def disguises(secret: str) -> set[str]:
    """Return the secret raw, URL-encoded, in hexadecimal, and the certain part of it in base64 at all three offsets."""
    raw = secret.encode()
    encoded = set()
    for offset in range(3):
        text = base64.b64encode(b"\0" * offset + raw).decode()
        encoded.add(text[4 if offset else 0 : -4])
    return {secret, quote(secret, safe=""), raw.hex(), *encoded}


def found(secrets: Iterable[str], texts: dict[str, str]) -> list[str]:
    """Return where a secret shows, as "place: first characters"; an empty list is what a proof wants."""
    return [
        f"{place}: {secret[:6]}…"
        for secret in secrets
        for disguise in disguises(secret)
        for place, text in texts.items()
        if disguise in text
    ]
