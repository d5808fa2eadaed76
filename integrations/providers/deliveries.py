"""What proving and reading a delivery have in common, whoever sent it. Over raw bytes; no database, no request."""

import hmac
import re
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

LONGEST_SIGNATURE = 1024  # characters of the header that holds it
REPLAY_WINDOW = 300.0  # seconds to either side: older may be a replay, and nobody signs in the future
_STAMP = re.compile(r"[0-9]{1,12}")
_DEEPEST = 32


def matches(wanted: Iterable[bytes], given: Sequence[bytes]) -> bool:
    """Return whether one of the signatures that were given is one of those wanted. Each in constant time."""
    # A list, not a generator: all are compared, so that the time taken tells nothing.
    return any([hmac.compare_digest(one, each) for one in wanted for each in given])  # noqa: C419


def timed(header: str, *, now: float) -> tuple[bytes, list[bytes]]:
    """Return the moment and the signatures of a header such as `t=1700000000,v1=ab12`; no signatures when unusable.

    Unusable is one that is too long, names no moment or two, or one more than five minutes from `now` (Unix seconds).
    Several signatures come while a secret is being replaced; those of other schemes than v1 do not count.
    """
    if len(header) > LONGEST_SIGNATURE:
        return b"", []
    pairs = [each.strip().partition("=") for each in header.split(",")]
    stamps = [value for name, _, value in pairs if name == "t"]
    if len(stamps) != 1 or not _STAMP.fullmatch(stamps[0]) or abs(now - int(stamps[0])) > REPLAY_WINDOW:
        return b"", []
    return stamps[0].encode(), [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1" and value]


def json_of(body: bytes) -> Any:
    """Return what a body says. Raises ValueError when it is not JSON, or nests deeper than anything real does."""
    found = orjson.loads(body)
    level = [found]
    for _ in range(_DEEPEST):
        level = [inner for each in level if isinstance(each, (dict, list)) for inner in _inside(each)]
        if not level:
            return found
    raise ValueError("nests too deep")


def text_of(value: object) -> str:
    """Return a text as it is. Raises TypeError for anything else and for an empty one."""
    if not isinstance(value, str) or not value:
        raise TypeError("a text was expected")
    return value


def _inside(value: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value
