"""How Square says no: one exception that knows its status and its body."""

from __future__ import annotations

from integrations.sandbox.generation import Document

_CATEGORY_OF_STATUS = {401: "AUTHENTICATION_ERROR", 403: "AUTHENTICATION_ERROR", 429: "RATE_LIMIT_ERROR"}


class SquareError(Exception):
    """A refusal in Square's shape. The category follows from the status unless it is given."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        field: str | None = None,
        category: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.headers = status, code, headers or {}
        fallback = "API_ERROR" if status >= 500 else "INVALID_REQUEST_ERROR"
        self.entry: Document = {
            "category": category or _CATEGORY_OF_STATUS.get(status, fallback),
            "code": code,
            "detail": detail,
        }
        if field:
            self.entry["field"] = field

    @property
    def body(self) -> Document:
        return {"errors": [self.entry]}


class OldStyleError(SquareError):
    """The OAuth endpoints answer some refusals in their older shape, a message and a type."""

    @property
    def body(self) -> Document:
        return {"message": self.entry["detail"], "type": self.code}


def invalid(code: str, detail: str, field: str | None = None) -> SquareError:
    return SquareError(400, code, detail, field=field)


def not_found(what: str, record_id: str, field: str | None = None) -> SquareError:
    return SquareError(404, "NOT_FOUND", f"{what} with ID `{record_id}` not found.", field=field)


def version_mismatch(detail: str = "Object version does not match latest database version.") -> SquareError:
    return SquareError(409, "VERSION_MISMATCH", detail, field="version")


def rate_limited(detail: str = "Too many requests", retry_after: float | None = 1) -> SquareError:
    headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
    return SquareError(429, "RATE_LIMITED", detail, headers=headers)
