"""How Mailchimp's ids look: hexadecimal ones that lead back to their record, and the hash of an e-mail address."""

from __future__ import annotations

import hashlib

from integrations.sandbox.generation import roll

_TAIL_SPACE = 1 << 40
_STRIDE = 0x9E3779B97F  # odd, so that multiplying by it permutes the tail space
_UNSTRIDE = pow(_STRIDE, -1, _TAIL_SPACE)


class HexIds:
    """Hexadecimal ids whose last ten digits are the index in disguise."""

    def __init__(self, key: bytes, length: int) -> None:
        self._key, self._head, self._length = key, length - 10, length
        self._shift = int.from_bytes(key[:5], "little")

    def of(self, index: int) -> str:
        tail = f"{(index * _STRIDE + self._shift) % _TAIL_SPACE:010x}"
        if not self._head:
            return tail
        return f"{roll(self._key, index) >> (256 - 4 * self._head):0{self._head}x}{tail}"

    def index_of(self, record_id: str) -> int | None:
        try:
            tail = int(record_id[-10:], 16)
        except ValueError:
            return None
        index = (tail - self._shift) * _UNSTRIDE % _TAIL_SPACE
        return index if self.of(index) == record_id else None


def hex_text(key: bytes, length: int, place: int = 0) -> str:
    """That many hexadecimal digits that are always the same for this key and place."""
    return f"{roll(key, place):064x}"[:length]


def subscriber_hash(email: str) -> str:
    """The id of a member: the MD5 of the lower-cased address."""
    return hashlib.md5(email.lower().encode(), usedforsecurity=False).hexdigest()
