"""What may come as a body: JSON in UTF-8, of a size and a depth that can be worked with."""

import codecs
import json
import math
from typing import Any

from django.conf import settings
from rest_framework.parsers import JSONParser

from integrations.problems import Problem

DEEPEST = 32  # objects and lists within each other; the deepest body that the API describes has seven
_MANY_DIGITS = 40  # of a whole number; a longer one is no amount, no count and no id


class BodyParser(JSONParser):
    """JSON that no view and no table has to be afraid of."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        """Return what the body holds. Raises Problem too_large, or validation_failed with the reason."""
        raw = stream.read(settings.API_BODY_BYTES + 1)
        if len(raw) > settings.API_BODY_BYTES:
            raise Problem("too_large", f"A body may have up to {settings.API_BODY_BYTES:,} bytes. Send it in parts.")
        view = (parser_context or {}).get("view")
        body = _read(raw)
        _look(body, judge_text=not getattr(view, "judges_text", False))
        return body


def _read(raw: bytes) -> Any:
    """Return the values of a text. A byte order mark is passed over; any other charset is refused by the contract."""
    try:
        text = raw.removeprefix(codecs.BOM_UTF8).decode()
        return json.loads(text, parse_constant=_refuse, parse_int=_whole, parse_float=_real)
    except RecursionError:
        raise _too_deep() from None
    except UnicodeDecodeError:
        raise Problem("validation_failed", "The body is not text in UTF-8.") from None
    except ValueError as error:
        raise Problem("validation_failed", f"The body is not JSON: {error}.") from None


def _refuse(name: str) -> None:
    raise ValueError(f"there is no number {name}")


def _whole(text: str) -> int:
    if len(text) > _MANY_DIGITS:
        raise ValueError("a number has too many digits")
    return int(text)


def _real(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number


def _look(body: Any, *, judge_text: bool) -> None:
    """Go through the body without recursion. Raises Problem for what lies too deep, and for text of no use."""
    waiting = [(body, 1)]
    while waiting:
        value, depth = waiting.pop()
        if depth > DEEPEST:
            raise _too_deep()
        if isinstance(value, dict):
            waiting.extend((each, depth + 1) for each in (*value, *value.values()))
        elif isinstance(value, list):
            waiting.extend((each, depth + 1) for each in value)
        elif judge_text and isinstance(value, str) and not is_text(value):
            raise Problem(
                "validation_failed", "The body holds a NUL character, or half of a character; no text of use does."
            )


def is_text(value: str) -> bool:
    """Return whether a text can be stored: without NUL, and without half of a surrogate pair."""
    if "\x00" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _too_deep() -> Problem:
    return Problem("validation_failed", f"The body is nested more than {DEEPEST} deep.")
