"""How Stripe says no: one exception that knows its status and its body."""

from __future__ import annotations

from integrations.sandbox.generation import Document

_DOCS = "https://stripe.com/docs/error-codes/"


class StripeError(Exception):
    """A refusal in Stripe's shape."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        kind: str = "invalid_request_error",
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.param, self.kind = status, message, code, param, kind
        self.headers = headers or {}

    @property
    def body(self) -> Document:
        error: Document = {"message": self.message, "type": self.kind}
        if self.code:
            error |= {"code": self.code, "doc_url": _DOCS + self.code.replace("_", "-")}
        if self.param:
            error["param"] = self.param
        return {"error": error}


class OAuthError(StripeError):
    """The OAuth endpoints name the error by a word instead of an object."""

    @property
    def body(self) -> Document:
        return {"error": self.code, "error_description": self.message}


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    return StripeError(400, message, code=code, param=param)


def no_such(what: str, record_id: str, param: str = "id", *, status: int = 404) -> StripeError:
    """404 for an id in the path; 400 for one that a parameter names."""
    return StripeError(status, f"No such {what}: '{record_id}'", code="resource_missing", param=param)


def no_such_url(method: str, path: str) -> StripeError:
    message = f"Unrecognized request URL ({method}: {path}). Please see https://stripe.com/docs."
    return StripeError(404, message)


def rate_limited(reason: str = "global-rate", retry_after: float | None = None) -> StripeError:
    headers = {"Stripe-Rate-Limited-Reason": reason}
    if retry_after is not None:
        headers["Retry-After"] = f"{retry_after:g}"
    message = "Request rate limit exceeded. Learn more about rate limits at https://stripe.com/docs/rate-limits."
    return StripeError(429, message, code="rate_limit", headers=headers)
