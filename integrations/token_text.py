"""What a token looks like: `bkl_`, thirty random characters, and six that are their checksum.

Scanners for lost secrets find it by its beginning and its checksum, and a mistyped one is refused without a query.
"""

import hashlib
import re
import secrets
import zlib

BEGINNING = "bkl_"
SHOWN = 10  # characters of a token that may be seen again: its beginning and six more
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM, _CHECK = 30, 6  # 178 bits; CRC-32 in base 62
_FORM = re.compile(rf"{BEGINNING}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}\Z")


def mint() -> str:
    """Return a new token."""
    text = BEGINNING + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM))
    return text + _checksum(text)


def is_one(text: str) -> bool:
    """Return whether the text has the form and the checksum of a token."""
    return bool(_FORM.match(text)) and text[-_CHECK:] == _checksum(text[:-_CHECK])


def digest(token: str) -> str:
    """Return what is stored of a token: nothing slow is needed, because nobody can guess 178 random bits."""
    return hashlib.sha256(token.encode()).hexdigest()


def _checksum(text: str) -> str:
    number, digits = zlib.crc32(text.encode()), ""
    for _ in range(_CHECK):
        number, place = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[place] + digits
    return digits
