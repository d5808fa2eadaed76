"""How a request becomes a delivery: its bytes as they came, and no more of them than is fair."""

from typing import Any

from django.http import HttpRequest

from integrations.problems import Problem
from integrations.providers.types import RawDelivery

LARGEST = 1_048_576  # bytes


def of(request: HttpRequest) -> RawDelivery:
    """Return the delivery. Raises Problem unsupported, too_large or validation_failed."""
    encoding = request.META.get("HTTP_CONTENT_ENCODING", "").strip().lower()
    if encoding not in ("", "identity"):
        raise Problem("unsupported", "Send the body as it is, without a Content-Encoding: its bytes are signed.")
    return RawDelivery(_body(request.META), _headers(request.META))


def _body(meta: dict[str, Any]) -> bytes:
    length = _length(meta)
    if length is not None and length > LARGEST:
        raise _too_large()
    body = _read(meta["wsgi.input"], LARGEST + 1 if length is None else length)
    if len(body) > LARGEST:
        raise _too_large()
    if length is not None and len(body) < length:
        raise Problem("validation_failed", "The body ended before its Content-Length.")
    return body


def _length(meta: dict[str, Any]) -> int | None:
    """Return the length that is told, None for a body in chunks, whose end the server finds by itself."""
    told = meta.get("CONTENT_LENGTH") or ""
    if not told:
        return None if meta.get("wsgi.input_terminated") else 0
    if not (told.isascii() and told.isdigit()):
        raise Problem("validation_failed", "The Content-Length is not a number.")
    return int(told)


def _read(stream: Any, most: int) -> bytes:
    """Return what comes, at most so many bytes. Raises Problem validation_failed when the sender breaks off."""
    parts, left = [], most
    try:
        while left > 0 and (part := stream.read(min(left, 65_536))):
            parts.append(part)
            left -= len(part)
    except Exception as error:  # servers have classes of their own for it, and not of one family
        raise Problem("validation_failed", "The body could not be read to its end.") from error
    return b"".join(parts)


def _too_large() -> Problem:
    return Problem("too_large", f"A delivery holds at most {LARGEST:,} bytes.")


def _headers(meta: dict[str, Any]) -> dict[str, str]:
    headers = {name[5:].replace("_", "-").lower(): value for name, value in meta.items() if name.startswith("HTTP_")}
    return headers | {"content-type": meta.get("CONTENT_TYPE", "")}
