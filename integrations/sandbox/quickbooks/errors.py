"""How QuickBooks says no: `Fault` with capitals from the services, `fault` without them from the gateway.

QuickBooksError     a refusal by a service, code as text, shown inside a batch too
GatewayError        a refusal before any service was reached (access, limits)
OAuthError          a refusal by the authorisation server
"""

from __future__ import annotations

from html import escape

from integrations.sandbox.generation import Document


class QuickBooksError(Exception):
    """A refusal in the shape of the accounting services."""

    def __init__(
        self, code: int | str, message: str, detail: str = "", *, element: str = "", status: int = 400,
        kind: str = "ValidationFault",
    ) -> None:  # fmt: skip
        super().__init__(detail or message)
        self.code, self.message, self.detail = code, message, detail or message
        self.element, self.status, self.kind = element, status, kind

    def fault(self) -> Document:
        entry = {"Message": self.message, "Detail": self.detail, "code": str(self.code), "element": self.element}
        return {"Error": [entry], "type": self.kind}

    def body(self, time: str, now: int) -> Document:
        return {"Fault": self.fault(), "time": time}


class GatewayError(QuickBooksError):
    """A refusal in the lower-case shape of the gateway."""

    def body(self, time: str, now: int) -> Document:
        entry = {"message": self.message, "detail": self.detail, "code": str(self.code), "element": None}
        return {
            "warnings": None, "intuitObject": None, "fault": {"error": [entry], "type": self.kind}, "report": None,
            "queryResponse": None, "batchItemResponse": [], "attachableResponse": [], "syncErrorResponse": None,
            "requestId": None, "time": now, "status": None, "cdcresponse": [],
        }  # fmt: skip


class OAuthError(Exception):
    """A refusal in the shape of OAuth."""

    def __init__(self, status: int, error: str, description: str = "") -> None:
        super().__init__(description or error)
        self.status = status
        self.body = {"error": error} | ({"error_description": description} if description else {})


def xml_fault(error: QuickBooksError, time: str) -> bytes:
    """The same refusal as XML, whatever was asked for."""
    return (
        f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><IntuitResponse time="{escape(time)}" '
        f'xmlns="http://schema.intuit.com/finance/v3"><Fault type="{escape(error.kind)}"><Error code="{error.code}">'
        f"<Message>{escape(error.message)}</Message><Detail>{escape(error.detail)}</Detail></Error></Fault>"
        "</IntuitResponse>"
    ).encode()


def unauthorized(detail: str) -> GatewayError:
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return GatewayError(3200, message, detail, status=401, kind="AUTHENTICATION")


def forbidden(detail: str) -> GatewayError:
    message = "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403"
    return GatewayError(3100, message, detail, status=403, kind="AUTHENTICATION")


def unsupported(detail: str, *, status: int = 400) -> QuickBooksError:
    return QuickBooksError(500, "Unsupported Operation", detail, status=status)


def not_found(name: str, record_id: str) -> QuickBooksError:
    detail = f"Object Not Found : Something you're trying to use has been made inactive or is gone: {name} {record_id}."
    return QuickBooksError(610, "Object Not Found", detail)


def unknown_property(name: str) -> QuickBooksError:
    detail = f"Property Name:{name} specified is unsupported or invalid"
    return QuickBooksError(2010, "Request has invalid or unsupported property", detail, element=name)


def missing(name: str) -> QuickBooksError:
    detail = f"Required parameter {name} is missing in the request"
    return QuickBooksError(2020, "Required param missing, need to supply the required value for the API", detail,
                           element=name)  # fmt: skip


def invalid_value(name: str, detail: str) -> QuickBooksError:
    return QuickBooksError(2040, "Invalid value in the request", f"{name}: {detail}", element=name)


def invalid_number(name: str) -> QuickBooksError:
    return QuickBooksError(2030, "Invalid Number", f"{name} must be a number", element=name)


def invalid_choice(name: str, value: object) -> QuickBooksError:
    return QuickBooksError(2170, "Invalid Enumeration", f"Invalid Enumeration : {value}", element=name)


def too_long(name: str, most: int, length: int) -> QuickBooksError:
    detail = f"Min:0 Max:{most} supported. Supplied length:{length}"
    message = "String length is either shorter or longer than supported by specification"
    return QuickBooksError(2050, message, detail, element=name)


def bad_reference(name: str, value: object) -> QuickBooksError:
    detail = f"Invalid Reference Id : {name} with id {value} does not exist or was made inactive"
    return QuickBooksError(2500, "Invalid Reference Id", detail, element=name)


def stale() -> QuickBooksError:
    detail = (
        "Stale Object Error : You and another user were working on this at the same time. "
        "The other user finished before you did, so your work was not saved."
    )
    return QuickBooksError(5010, "Stale Object Error", detail)


def duplicate_name(name: str, record_id: str) -> QuickBooksError:
    detail = f"The name supplied already exists. : Id={record_id}"
    return QuickBooksError(6240, "Duplicate Name Exists Error", detail, element=name)


def duplicate_number(number: str, record_id: str) -> QuickBooksError:
    detail = f"Duplicate Document Number Error : DocNumber={number} is assigned to TxnId={record_id}"
    return QuickBooksError(6140, "Duplicate Document Number Error", detail)


def business(detail: str) -> QuickBooksError:
    message = "A business validation error has occurred while processing your request"
    return QuickBooksError(6000, message, f"Business Validation Error: {detail}")


def unreadable_query(token: str, column: int) -> QuickBooksError:
    detail = f'QueryParserError: Encountered "{token}" at line 1, column {column}.'
    return QuickBooksError(4000, "Error parsing query", detail)


def invalid_query(detail: str) -> QuickBooksError:
    return QuickBooksError(4001, "Invalid query", f"QueryValidationError: {detail}")
