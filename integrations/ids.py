"""Identifiers that are unguessable enough for URLs and sort by the time they were made."""

import os
import time
import uuid
from datetime import datetime


def uuid7() -> uuid.UUID:
    """Return a version 7 UUID (RFC 9562): milliseconds, then randomness; new rows land at the index's end."""
    return uuid.UUID(uuid7_text())


def uuid7_text() -> str:
    """Return a version 7 UUID as 32 hex characters, for where thousands are written and none is looked at."""
    random = os.urandom(10)
    variant = 0x8000 | (random[0] << 8 | random[1]) & 0x3FFF
    return f"{time.time_ns() // 1_000_000:012x}7{random[2:4].hex()[:3]}{variant:04x}{random[4:].hex()}"


def first_of(moment: datetime) -> uuid.UUID:
    """Return what no id sorts before that is made at a moment or later; the index of the ids finds those."""
    return uuid.UUID(f"{int(moment.timestamp() * 1000):012x}70008{'0' * 15}")


def uuid_of(text: str) -> uuid.UUID | None:
    """Return the UUID that a text is, None where it is none."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
