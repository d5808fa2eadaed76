"""In which ways can a webhook be signed by somebody who may not sign it?

A provider's own signing code asks these functions for each part that it signs; without a forgery they give back what
they got.
"""

from __future__ import annotations

from enum import StrEnum

_OFF = 600  # seconds; more than any receiver should let pass


class Forgery(StrEnum):
    BAD_SIGNATURE = "bad_signature"  # one letter of the signature is changed
    OTHER_SECRET = "other_secret"  # signed with a secret that nobody gave
    OTHER_BODY = "other_body"  # the signature of another body
    OTHER_URL = "other_url"  # the signature for another address, where the address is signed
    UNSIGNED = "unsigned"  # no signature at all
    OLD = "old"  # signed well, but long ago
    FUTURE = "future"  # signed well, but in a time that is still to come


UNTIMED = (Forgery.BAD_SIGNATURE, Forgery.OTHER_SECRET, Forgery.OTHER_BODY, Forgery.UNSIGNED)
TIMED = (*UNTIMED, Forgery.OLD, Forgery.FUTURE)


def secret_for(secret: str, forgery: Forgery | None) -> str:
    return "another-secret" if forgery is Forgery.OTHER_SECRET else secret


def body_for(body: bytes, forgery: Forgery | None) -> bytes:
    return body + b" " if forgery is Forgery.OTHER_BODY else body


def url_for(url: str, forgery: Forgery | None) -> str:
    return url + "/elsewhere" if forgery is Forgery.OTHER_URL else url


def moment_for(moment: int, forgery: Forgery | None) -> int:
    """The time of signing; both in seconds."""
    return moment + {Forgery.OLD: -_OFF, Forgery.FUTURE: _OFF}.get(forgery, 0) if forgery else moment


def header_for(name: str, signature: str, forgery: Forgery | None) -> dict[str, str]:
    """The header that carries the signature; empty for a delivery without one."""
    if forgery is Forgery.UNSIGNED:
        return {}
    return {name: _spoiled(signature) if forgery is Forgery.BAD_SIGNATURE else signature}


def _spoiled(signature: str) -> str:
    """The signature with a letter changed that stands in the digest of every scheme, and is no padding."""
    place = len(signature) - 4
    return signature[:place] + ("1" if signature[place] == "0" else "0") + signature[place + 1 :]
