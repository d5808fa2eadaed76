"""Identifiers that are unguessable enough for URLs and sort by the time they were made."""

import os
import time
import uuid


def uuid7() -> uuid.UUID:
    """Return a version 7 UUID (RFC 9562): milliseconds, then randomness; new rows land at the index's end."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    return uuid.UUID(
        int=(milliseconds << 80) | (0x7 << 76) | ((random >> 68) << 64) | (0b10 << 62) | (random & ((1 << 62) - 1))
    )
