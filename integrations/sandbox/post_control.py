"""How a test or a demo sees the deliveries of a provider, disturbs them, and waits for the last of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from itertools import islice
from typing import Any

from integrations.sandbox.postman import Postman

MOST_SECONDS = 600
Body = dict[str, Any]


async def steer(postman: Postman, call: tuple[str, ...], body: Body, query: Mapping[str, str]) -> Body | None:
    """What is answered below /_control/{provider}/deliveries; None where there is nothing. ValueError for nonsense."""
    match call:
        case ("GET",):
            return _shown(postman, query)
        case ("POST",):
            postman.wish(body)
        case ("DELETE",):
            postman.calm()
        case ("POST", "flush"):
            return await _flush(postman, body)
        case _:
            return None
    return _shown(postman, query)


def _shown(postman: Postman, query: Mapping[str, str]) -> Body:
    """Counts and wishes, and as many of the last POSTs as `last` asks for, newest first."""
    wanted = query.get("last", "0")
    if not wanted.isdigit():
        raise ValueError("last must be a whole number.")
    shown: Body = postman.counts() | {"wishes": asdict(postman.mischief)}
    return shown | ({"last": list(islice(reversed(postman.tally.last), int(wanted)))} if int(wanted) else {})


async def _flush(postman: Postman, body: Body) -> Body:
    limit, hurry = body.get("limit_seconds", 30), body.get("hurry", False)
    is_number = isinstance(limit, int | float) and not isinstance(limit, bool) and 0 <= limit <= MOST_SECONDS
    if set(body) - {"limit_seconds", "hurry"} or not is_number or not isinstance(hurry, bool):
        raise ValueError(f"Send if wanted limit_seconds (up to {MOST_SECONDS}) and hurry (true or false).")
    is_done = await postman.flush(limit=limit, is_hurried=hurry)
    return {"is_done": is_done} | postman.counts()
