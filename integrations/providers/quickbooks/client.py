"""QuickBooks' error dialect, and how it is asked. The only file that may import the vendor's SDK.

The SDK is not needed for reading: it has no time limit, loses the status and the wish to wait of a 429, and judges an
error by the range of its code. Reads go through `ApiSession`; the tests hold the SDK against the sandbox as an
independent judge.
"""

import re
from collections.abc import Iterable, Mapping
from html import unescape
from typing import Any
from urllib.parse import urlencode

import orjson

from integrations.providers import errors, waiting
from integrations.providers.http import Answer, ApiSession
from integrations.providers.quickbooks.spec import MINOR_VERSION
from integrations.providers.types import JSON

# What each of QuickBooks' codes means for us, without leading zeros; one that is not listed is judged by the ranges
# below, then by the answer's status.
_BY_CODE: dict[str, type[errors.ProviderError]] = {
    "3001": errors.RateLimited,
    "3002": errors.AllowanceUsedUp,  # our allowance, see below; not documented
    "3200": errors.AuthExpired,
    "3100": errors.AuthRevoked,
    "120": errors.AuthRevoked,
    "5020": errors.PermissionMissing,
    "5010": errors.Conflict,
    "600": errors.Duplicate,
    "630": errors.Duplicate,
    "6140": errors.Duplicate,
    "6240": errors.Duplicate,
    "610": errors.NotFound,
    "6190": errors.AccountBlocked,
    "2010": errors.Invalid,
    "2020": errors.Invalid,
    "2030": errors.Invalid,
    "2040": errors.Invalid,
    "2050": errors.Invalid,
    "2170": errors.Invalid,
    "2500": errors.Invalid,
    "6000": errors.Invalid,
    "6070": errors.Invalid,
    "6210": errors.Invalid,
    "6540": errors.Invalid,
    # The sign-in's own words.
    "invalid_grant": errors.AuthRevoked,
    "invalid_client": errors.Misconfigured,
    "unauthorized_client": errors.Misconfigured,
    "unsupported_grant_type": errors.Misconfigured,
    "invalid_scope": errors.Misconfigured,
    "invalid_request": errors.Misconfigured,
}
_QUERIES = range(4000, 5000)  # a query of ours that QuickBooks cannot read
_SYSTEM_FAULTS = 10_000  # and above
_BY_STATUS: dict[int, type[errors.ProviderError]] = {
    400: errors.Invalid,
    401: errors.AuthExpired,  # an access token lives an hour; what a refresh does not cure is refused there
    403: errors.PermissionMissing,
    404: errors.NotFound,
    408: errors.Transient,
    409: errors.Conflict,
    429: errors.RateLimited,
}
_TOO_LONG_AGO = re.compile(r"changedsince.*older than", re.IGNORECASE | re.DOTALL)
_MINOR_VERSION = re.compile(r"minor ?version", re.IGNORECASE)
# Our allowance of counted calls is used up, for all companies until the month ends. The answer is not documented.
_ALLOWANCE = re.compile(r"core ?plus|monthly (call |usage )?(limit|quota|allowance)|quota (exceeded|reached)", re.I)
_ALLOWANCE_WAIT = 3600.0
_LONGEST_MESSAGE = 300
_LONGEST_READ = 20_000  # characters of an answer that are looked through for an error
# When one answer holds several errors, the one that stops the most decides.
_WORST_FIRST: tuple[type[errors.ProviderError], ...] = (
    errors.Misconfigured,
    errors.AccountBlocked,
    errors.AuthRevoked,
    errors.AuthExpired,
    errors.PermissionMissing,
    errors.AllowanceUsedUp,
    errors.RateLimited,
    errors.Transient,
    errors.BookmarkExpired,
    errors.Conflict,
    errors.Duplicate,
    errors.NotFound,
    errors.Invalid,
)
_XML_ERROR = re.compile(r"<Error\b([^>]*)>(.*?)</Error>", re.DOTALL)
_XML_ATTRIBUTE = re.compile(r"""\b(code|element)\s*=\s*["']([^"'<>]*)["']""")
_XML_PART = re.compile(r"<(Message|Detail)>([^<]*)</")
_CODE_IN_TEXT = re.compile(r"errorCode=(\d+)")
_EXISTING = re.compile(r"\b(?:Txn)?Id=(\d+)")
_FIELD = re.compile(r"(?:Property Name:|[Rr]equired param(?:eter)? )\s*([A-Za-z][\w.\[\]]*)")
# What may belong to a person: messages are stored and shown.
_PERSONAL = re.compile(r"[^\s@<>\"']+@[^\s@<>\"',;]+|\+?\d[\d ()./-]{7,}\d")
_TRACE = re.compile(r"[\w.:-]{1,64}")


def get(api: ApiSession, path: str, params: Mapping[str, Any] | None = None) -> Answer:
    """Return the answer to a GET in the version that we read. An error inside a good answer is one, too."""
    return _faultless(api.get(path, dict(params or {}) | {"minorversion": MINOR_VERSION}))


def query(api: ApiSession, statement: str) -> Answer:
    """Return the answer to a query."""
    answer = get(api, "/query", {"query": statement})
    if not isinstance(answer.body.get("QueryResponse"), dict):
        raise errors.Transient("QuickBooks answered a query with something else.", code="unreadable")
    return answer


def long_query(api: ApiSession, statement: str) -> Answer:
    """Return the answer to a query that may be too long for an address."""
    path, headers = f"/query?minorversion={MINOR_VERSION}", {"Content-Type": "application/text"}
    answer = _faultless(api.call("POST", path, body=statement.encode(), repeatable=True, headers=headers))
    if not isinstance(answer.body.get("QueryResponse"), dict):
        raise errors.Transient("QuickBooks answered a query with something else.", code="unreadable")
    return answer


def post(api: ApiSession, path: str, body: bytes, *, request_id: str) -> Answer:
    """Return the answer to a write. QuickBooks answers the same request id with the same content as it did before."""
    query = urlencode({"minorversion": MINOR_VERSION, "requestid": request_id})
    return _faultless(api.call("POST", f"{path}?{query}", body=body, repeatable=True))


def classify(status: int, headers: Mapping[str, str], body: bytes) -> errors.ProviderError:
    """Return our error for QuickBooks' answer; of several in one answer the worst."""
    found = [_one(status, headers, entry) for entry in _entries(body) or [{}]]
    return min(found, key=lambda error: _WORST_FIRST.index(type(error)))


def _faultless(answer: Answer) -> Answer:
    if "Fault" in answer.body or "fault" in answer.body:
        raise classify(400, answer.headers, orjson.dumps(answer.body))
    return answer


def _one(status: int, headers: Mapping[str, str], entry: Mapping[str, str]) -> errors.ProviderError:
    message, detail = entry.get("message", ""), entry.get("detail", "")
    told = f"{message}: {detail}" if message and detail and detail != message else message or detail
    code, text = _code(entry.get("code", ""), told), _text(told, headers)
    kind = errors.BookmarkExpired if entry.get("element") == "changedSince" else _kind(status, code, told)
    if kind is errors.AllowanceUsedUp or (kind is errors.RateLimited and _ALLOWANCE.search(told)):
        return errors.AllowanceUsedUp(text, retry_after=_ALLOWANCE_WAIT, code="coreplus_allowance", status=status)
    if kind is errors.RateLimited:
        return errors.RateLimited(text, retry_after=waiting.retry_after(headers), code=code, status=status)
    if kind is errors.Invalid:
        return errors.Invalid(text, field=_field(entry), code=code, status=status)
    if kind is errors.Duplicate:
        existing = _EXISTING.search(detail)
        return errors.Duplicate(text, external_id=existing[1] if existing else "", code=code, status=status)
    return kind(text, code=code, status=status)


def _kind(status: int, code: str, told: str) -> type[errors.ProviderError]:
    number = int(code) if code.isdecimal() else 0
    if _TOO_LONG_AGO.search(told):
        return errors.BookmarkExpired
    if _ALLOWANCE.search(told) and status in (403, 429):
        return errors.RateLimited
    if number in _QUERIES or (status < 500 and _MINOR_VERSION.search(told)):
        return errors.Misconfigured
    if known := _BY_CODE.get(code):
        return known
    if number >= _SYSTEM_FAULTS and status != 429:
        return errors.Transient
    return _BY_STATUS.get(status) or (errors.Transient if status >= 500 else errors.Invalid)


def _code(given: str, told: str) -> str:
    """Return the code without leading zeros, from the text where the entry has none; or the sign-in's own word."""
    if not given.strip():
        named = _CODE_IN_TEXT.search(told)
        given = named[1] if named else ""
    code = given.strip()[:60]
    return (code.lstrip("0") or "0") if code.isdecimal() else code


def _text(told: str, headers: Mapping[str, str]) -> str:
    """Return a message without what may belong to a person, with Intuit's own number of the answer at its end."""
    trace = _TRACE.fullmatch(headers.get("intuit_tid", ""))
    end = f" (intuit_tid {trace[0]})" if trace else ""
    return (_PERSONAL.sub("…", told)[: _LONGEST_MESSAGE - len(end)] + end).strip()


def _field(entry: Mapping[str, str]) -> str:
    named = _FIELD.search(entry.get("detail", ""))
    return (entry.get("element") or (named[1] if named else ""))[:120]


def _entries(body: bytes) -> list[dict[str, str]]:
    """Return the errors of an answer in any of QuickBooks' shapes: two spellings of JSON, XML, the sign-in's pair."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return _xml_entries(body[:_LONGEST_READ].decode("utf-8", "replace"))
    if not isinstance(parsed, dict):
        return []
    if isinstance(parsed.get("error"), str):
        return [{"code": parsed["error"], "message": str(parsed.get("error_description") or "")[:_LONGEST_READ]}]
    fault = parsed.get("Fault") or parsed.get("fault")
    listed = (fault.get("Error") or fault.get("error")) if isinstance(fault, dict) else None
    return [_lowered(entry) for entry in listed if isinstance(entry, dict)] if isinstance(listed, list) else []


def _lowered(entry: JSON) -> dict[str, str]:
    pairs: Iterable[tuple[str, Any]] = entry.items()
    return {name.lower(): str(value)[:_LONGEST_READ] for name, value in pairs if value is not None}


def _xml_entries(text: str) -> list[dict[str, str]]:
    """Return the errors of an XML answer. By their tags alone: no parser, so nothing in it can be expanded."""
    return [
        dict(_XML_ATTRIBUTE.findall(attributes))
        | {name.lower(): unescape(value).strip() for name, value in _XML_PART.findall(inner)}
        for attributes, inner in _XML_ERROR.findall(text)
    ]
