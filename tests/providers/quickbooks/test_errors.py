"""QuickBooks' errors as ours: every code, both spellings of JSON, XML, and bodies that say nothing."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import orjson
import pytest

from integrations.providers import errors
from integrations.providers.quickbooks import client
from integrations.providers.quickbooks.client import classify

CODES = {
    "3001": errors.RateLimited, "3002": errors.AllowanceUsedUp, "3200": errors.AuthExpired, "3100": errors.AuthRevoked,
    "120": errors.AuthRevoked,
    "5020": errors.PermissionMissing, "5010": errors.Conflict, "600": errors.Duplicate, "630": errors.Duplicate,
    "6140": errors.Duplicate, "6240": errors.Duplicate, "610": errors.NotFound, "6190": errors.AccountBlocked,
    "2010": errors.Invalid, "2020": errors.Invalid, "2030": errors.Invalid, "2040": errors.Invalid,
    "2050": errors.Invalid, "2170": errors.Invalid, "2500": errors.Invalid, "6000": errors.Invalid,
    "6070": errors.Invalid, "6210": errors.Invalid, "6540": errors.Invalid,
}  # fmt: skip
SIGN_IN = {
    "invalid_grant": errors.AuthRevoked, "invalid_client": errors.Misconfigured,
    "unauthorized_client": errors.Misconfigured, "unsupported_grant_type": errors.Misconfigured,
    "invalid_scope": errors.Misconfigured, "invalid_request": errors.Misconfigured,
}  # fmt: skip
STATUSES = {
    400: errors.Invalid, 401: errors.AuthExpired, 403: errors.PermissionMissing, 404: errors.NotFound,
    408: errors.Transient, 409: errors.Conflict, 418: errors.Invalid, 429: errors.RateLimited, 500: errors.Transient,
    502: errors.Transient, 503: errors.Transient, 504: errors.Transient,
}  # fmt: skip
THROTTLED = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
SYSTEM = "An application error has occurred while processing your request"


def upper(*entries: dict[str, Any]) -> bytes:
    return orjson.dumps({"Fault": {"Error": entries, "type": "ValidationFault"}, "time": "2026-11-22T09:17:31-07:00"})


def lower(*entries: dict[str, Any]) -> bytes:
    small = [{name.lower(): value for name, value in entry.items()} for entry in entries]
    return orjson.dumps({"warnings": None, "fault": {"error": small, "type": "SERVICE"}, "time": 1764000000000})


def xml(*entries: dict[str, Any]) -> bytes:
    inner = "".join(
        f'<Error code="{entry.get("code", "")}" element="{entry.get("element", "")}">'
        f"<Message>{entry.get('Message', '')}</Message><Detail>{entry.get('Detail', '')}</Detail></Error>"
        for entry in entries
    )
    space = 'xmlns="http://schema.intuit.com/finance/v3"'
    return (
        f'<?xml version="1.0"?><IntuitResponse {space}><Fault type="SERVICE">{inner}</Fault></IntuitResponse>'.encode()
    )


each_shape = pytest.mark.parametrize("shape", [upper, lower, xml])


def test_every_code_is_judged_here_and_nowhere_forgotten() -> None:
    assert CODES | SIGN_IN == client._BY_CODE


@each_shape
@pytest.mark.parametrize("zeros", ["", "00"])
@pytest.mark.parametrize(("code", "kind"), CODES.items())
def test_a_code_decides_whatever_the_status_the_spelling_and_its_zeros(
    code: str, kind: type[errors.ProviderError], zeros: str, shape: Any
) -> None:
    found = classify(499, {}, shape({"code": zeros + code, "Message": "What happened", "Detail": "", "element": ""}))
    name = "coreplus_allowance" if code == "3002" else code
    assert (type(found), found.code, found.status, str(found)) == (kind, name, 499, "What happened")


@pytest.mark.parametrize(("word", "kind"), SIGN_IN.items())
@pytest.mark.parametrize("status", [400, 401])
def test_the_sign_in_has_a_shape_of_its_own(word: str, kind: type[errors.ProviderError], status: int) -> None:
    found = classify(status, {}, orjson.dumps({"error": word, "error_description": "Incorrect or invalid token"}))
    assert (type(found), found.code, str(found)) == (kind, word, "Incorrect or invalid token")


@pytest.mark.parametrize(("status", "kind"), STATUSES.items())
@pytest.mark.parametrize(
    "told",
    [
        b"<html><body>503</body></html>", b"", b"[]", b"7", b"null", b'{"Fault": 5}', b'{"Fault": {"Error": "no"}}',
        b'{"fault": {"error": []}}', b'{"error": "something_new"}', upper({"Message": "no code at all"}),
        upper({"code": "7777", "Message": "new"}), lower({"code": None, "Message": "new"}),
        xml({"code": "nine", "Message": "new"}), b"<Error code=", b"\xff\xfe",
    ],
)  # fmt: skip
def test_without_a_known_code_the_status_decides(status: int, kind: type[errors.ProviderError], told: bytes) -> None:
    assert type(classify(status, {}, told)) is kind


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (429, xml({"code": "3001", "Message": THROTTLED, "Detail": "The request limit was reached."})),
        (429, lower({"code": "3001", "Message": THROTTLED, "Detail": "The request limit was reached."})),
        (429, upper({"code": "003001", "Message": THROTTLED, "Detail": "The request limit was reached."})),
        (429, lower({"Message": THROTTLED})),
        (403, lower({"code": "3001", "Message": THROTTLED})),
        (403, xml({"code": "003001", "Message": THROTTLED})),
        (429, b""),
        (429, upper({"code": "10000", "Message": SYSTEM})),
    ],
    ids=["xml", "lower case", "upper case with zeros", "no code", "as 403", "as 403 in xml", "empty", "other code"],
)
def test_a_429_waits_in_whatever_shape_it_comes(status: int, told: bytes) -> None:
    found = classify(status, {"retry-after": "7"}, told)
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == 7.0


@each_shape
@pytest.mark.parametrize("code", ["10000", "10100", "20000"])
@pytest.mark.parametrize("status", [400, 500])
def test_a_fault_of_their_system_passes(status: int, code: str, shape: Any) -> None:
    assert type(classify(status, {}, shape({"code": code, "Message": SYSTEM}))) is errors.Transient


@pytest.mark.parametrize("code", ["4000", "4001", "4999"])
def test_a_query_that_they_cannot_read_is_our_fault(code: str) -> None:
    told = upper({"code": code, "Message": "Error parsing query", "Detail": "QueryParserError: Encountered OR"})
    found = classify(400, {}, told)
    assert (type(found), str(found)) == (
        errors.Misconfigured, "Error parsing query: QueryParserError: Encountered OR",
    )  # fmt: skip


@pytest.mark.parametrize("code", ["2010", "", "4000", "6000"])
def test_a_version_that_they_do_not_know_is_our_fault(code: str) -> None:
    told = upper({"code": code, "Message": "Unsupported minor version", "Detail": "minorversion 9999 is not supported"})
    assert type(classify(400, {}, told)) is errors.Misconfigured


@each_shape
def test_changes_that_are_too_long_ago_are_read_by_everything_again(shape: Any) -> None:
    detail = "Operation cdc with changedSince date 2026-10-01 which is older than fixed days is not supported."
    entries = [
        {"code": "500", "Message": "Unsupported Operation", "Detail": detail},
        {"code": "2040", "Message": "Invalid value in the request", "element": "changedSince"},
    ]
    assert {type(classify(400, {}, shape(entry))) for entry in entries} == {errors.BookmarkExpired}


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("entry", [{"code": "3002"}, {"Message": "CorePlus monthly limit reached for this app"}])
def test_the_end_of_our_own_allowance_waits_and_names_itself(status: int, entry: dict[str, Any]) -> None:
    found = classify(status, {}, lower(entry))
    assert isinstance(found, errors.RateLimited)
    assert (found.retry_after, found.code) == (3600.0, "coreplus_allowance")


@pytest.mark.parametrize(
    ("codes", "worst"),
    [
        (("610", "3100"), errors.AuthRevoked),
        (("5010", "3001", "2020"), errors.RateLimited),
        (("5020", "4000"), errors.Misconfigured),
        (("3200", "3100"), errors.AuthRevoked),
        (("2010", "610"), errors.NotFound),
        (("6240", "2010"), errors.Duplicate),
    ],
)
def test_of_several_errors_the_worst_wins(codes: tuple[str, ...], worst: type[errors.ProviderError]) -> None:
    entries = [{"code": code, "Message": "no"} for code in codes]
    assert type(classify(400, {}, upper(*entries))) is worst
    assert type(classify(400, {}, upper(*reversed(entries)))) is worst


@pytest.mark.parametrize(
    ("code", "detail", "existing"),
    [
        ("6240", "The name supplied already exists. : Id=123", "123"),
        ("6140", "DocNumber=1038 is assigned to TxnType=Invoice with TxnId=145", "145"),
        ("6240", "The name supplied already exists. : null", ""),
        ("600", "Duplicate Request ID", ""),
    ],
)
@each_shape
def test_a_duplicate_says_which_one_is_there_where_it_is_told(
    code: str, detail: str, existing: str, shape: Any
) -> None:
    found = classify(400, {}, shape({"code": code, "Message": "Duplicate", "Detail": detail}))
    assert isinstance(found, errors.Duplicate)
    assert found.external_id == existing


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        ({"element": "PrimaryEmailAddr.Address"}, "PrimaryEmailAddr.Address"),
        ({"element": "", "Detail": "Property Name:DisplayNam specified is unsupported or invalid"}, "DisplayNam"),
        ({"Detail": "Required parameter Line is missing in the request"}, "Line"),
        ({"Detail": "Required param missing, need to supply the required value for the API"}, "missing"),
        ({"Detail": "no field here"}, ""),
    ],
)
def test_a_refused_value_names_its_field(entry: dict[str, Any], field: str) -> None:
    found = classify(400, {}, upper(entry | {"code": "2020", "Message": "no"}))
    assert isinstance(found, errors.Invalid)
    assert found.field == field


@each_shape
def test_a_message_holds_no_address_no_number_and_ends_with_their_own_number_of_the_answer(shape: Any) -> None:
    detail = "The address zelda@example.test and the number +1 (212) 555-0123 are wrong. " + "x" * 400
    found = classify(400, {"intuit_tid": "1-abc"}, shape({"code": "2040", "Message": "Invalid", "Detail": detail}))
    assert str(found).startswith("Invalid: The address … and the number … are wrong.")
    assert str(found).endswith(" (intuit_tid 1-abc)")
    assert len(str(found)) == 300


def test_a_number_of_the_answer_that_could_be_anything_is_left_out() -> None:
    assert str(classify(500, {"intuit_tid": "<b>" * 90}, b"")) == "Transient"


def test_nothing_in_an_xml_answer_is_expanded() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Error code="2010"><Message>&a;</Message></Error>'
    assert str(classify(400, {}, bomb)) == "&a;"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("100000", 900.0), (None, None), ("soon", None), ("nan", None), ("-3", None), ("0", 0.0)],
)
def test_the_time_to_wait_is_read_in_seconds(header: str | None, seconds: float | None) -> None:
    found = classify(429, {"retry-after": header} if header else {}, b"")
    assert isinstance(found, errors.RateLimited)
    assert found.retry_after == seconds


def test_the_time_to_wait_is_read_from_a_date_too() -> None:
    now = datetime.now(UTC)
    waits = [
        getattr(classify(429, {"retry-after": format_datetime(at, usegmt=True)}, b""), "retry_after", None)
        for at in (now + timedelta(seconds=60), now - timedelta(hours=1))
    ]
    assert 50 < waits[0] <= 60
    assert waits[1] == 0.0
