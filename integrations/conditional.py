"""Does the caller have this answer already? Then 304 says so in place of it."""

import hashlib

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotModified
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.request import Request

_OF_A_BODY = ("Content-Type", "Content-Length", "Content-Disposition")


def etag_of(body: bytes) -> str:
    """Return the ETag of a body: the same bytes make the same one."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def unless_known(request: Request | HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """Return the response, or 304 where If-None-Match names its ETag; both may be kept, and have to be asked about."""
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Accept-Language", "Authorization", "Cookie"])
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if known != ["*"] and _opaque(response.headers["ETag"]) not in map(_opaque, known):
        return response
    unchanged = HttpResponseNotModified()
    for name, value in response.headers.items():
        if name not in _OF_A_BODY:
            unchanged.headers[name] = value
    return unchanged


def _opaque(etag: str) -> str:
    """Return what is compared (RFC 9110, 8.8.3.2): whether an ETag is weak makes no difference here."""
    return etag.removeprefix("W/")
