"""How Mailchimp says no: one exception that knows its status and its problem document."""

from __future__ import annotations

import uuid
from http import HTTPStatus

import orjson

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document

TYPE = "https://mailchimp.com/developer/marketing/docs/errors/"
PROBLEM = "application/problem+json"


class MailchimpError(Exception):
    """A refusal in Mailchimp's shape. `errors` lists what is wrong with which field."""

    def __init__(self, status: int, title: str, detail: str, *, errors: list[Document] | None = None) -> None:
        super().__init__(detail)
        self.status, self.title, self.detail, self.errors = status, title, detail, errors

    def document(self, instance: str | None = None) -> Document:
        shown: Document = {
            "type": TYPE,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "instance": instance or str(uuid.uuid4()),
        }
        return shown if self.errors is None else shown | {"errors": self.errors}

    def reply(self) -> Reply:
        instance = str(uuid.uuid4())
        return Reply(self.status, orjson.dumps(self.document(instance)), PROBLEM, {"X-Request-Id": instance})


class LoginError(Exception):
    """A refusal of the login host, which speaks OAuth."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.status, self.document = status, {"error": error, "error_description": description}


def problem(field: str, message: str) -> Document:
    """One entry of the `errors` of an invalid resource."""
    return {"field": field, "message": message}


def bad_request(detail: str) -> MailchimpError:
    return MailchimpError(400, "Bad Request", detail)


def invalid(errors: list[Document], detail: str = "") -> MailchimpError:
    detail = detail or "The resource submitted could not be validated. The 'errors' array names the fields."
    return MailchimpError(400, "Invalid Resource", detail, errors=errors)


def not_found() -> MailchimpError:
    return MailchimpError(404, "Resource Not Found", "The requested resource could not be found.")


def not_imitated(what: str) -> MailchimpError:
    return MailchimpError(501, "Not Implemented", f"The sandbox does not imitate {what}.")


def too_many(detail: str = "You have exceeded the limit of 10 simultaneous connections.") -> MailchimpError:
    return MailchimpError(429, "Too Many Requests", detail)


def failed(status: int) -> MailchimpError:
    """The refusal that a wanted fault stands for."""
    title = "Resource Not Found" if status == 404 else HTTPStatus(status).phrase
    return MailchimpError(status, title, "The sandbox was told to fail.")
