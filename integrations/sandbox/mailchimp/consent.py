"""How an account says yes or no: the authorise page, and the way back to the application."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode

from integrations.sandbox.clock import SECOND
from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.grants import Code
from integrations.sandbox.page import consent_page, problem_page

_KNOWN = {"response_type", "client_id", "redirect_uri", "state"}
_PERMISSIONS = ["Read and change everything in this account: audiences, contacts, shops and reports"]


class Refused(Exception):
    """The authorise request is wrong; the person sees a page and nothing goes back to the application."""


def authorize(mailchimp: MailchimpDouble, query: dict[str, str]) -> Reply:
    """The consent page, or a page that says what is wrong with the request. There are no scopes to choose."""
    try:
        consent = _consent(mailchimp, query)
    except Refused as refused:
        return _html(400, problem_page("This request cannot be authorised", str(refused)))
    ticket = secrets.token_urlsafe(16)
    mailchimp.consents[ticket] = consent
    page = consent_page(
        application=mailchimp.application.name,
        provider="Mailchimp",
        action="decision",
        ticket=ticket,
        permissions=_PERMISSIONS,
        accounts=[(account.id, account.name) for account in mailchimp.accounts.values()],
    )
    return _html(200, page)


def decide(mailchimp: MailchimpDouble, form: bytes) -> Reply:
    """Redirects to the application with a code, or with the no. A page can be answered once."""
    answers = dict(parse_qsl(form.decode()))
    consent = mailchimp.consents.pop(answers.get("ticket", ""), None)
    if consent is None:
        return _html(400, problem_page("This page was answered already", "Start again from the application."))
    state = {"state": consent["state"]} if consent["state"] is not None else {}
    if answers.get("decision") != "allow":
        return _back(consent, {"error": "access_denied", **state})
    account_id = answers.get("account", "")
    if account_id not in mailchimp.accounts:
        return _html(400, problem_page("No such account", "Start again from the application."))
    expires = mailchimp.clock.now() + round(mailchimp.settings.code_seconds * SECOND)
    code = mailchimp.grants.new_code(Code(account_id, consent["redirect_uri"], expires))
    return _back(consent, {"code": code, **state})


def _consent(mailchimp: MailchimpDouble, query: dict[str, str]) -> Document:
    for name in query:
        if name not in _KNOWN:
            raise Refused(f"Unknown parameter {name}.")
    if query.get("response_type") != "code":
        raise Refused("response_type must be code.")
    if query.get("client_id") != mailchimp.application.client_id:
        raise Refused("The client_id is unknown.")
    if query.get("redirect_uri") not in mailchimp.redirect_uris:
        raise Refused("The redirect_uri is not a registered one. It must match to the letter.")
    return {"redirect_uri": query["redirect_uri"], "state": query.get("state")}


def _back(consent: Document, answer: dict[str, str]) -> Reply:
    joint = "&" if "?" in consent["redirect_uri"] else "?"
    return Reply(302, b"", "text/plain", {"Location": f"{consent['redirect_uri']}{joint}{urlencode(answer)}"})


def _html(status: int, page: str) -> Reply:
    return Reply(status, page.encode(), "text/html", {"Cache-Control": "no-store"})
