"""How a company says yes or no: the consent page, and the way back to the application."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.page import consent_page, problem_page
from integrations.sandbox.quickbooks.double import QuickBooksDouble
from integrations.sandbox.quickbooks.grants import ACCOUNTING, CODE_LIFE, Code

SCOPES = {
    ACCOUNTING: "Read and change the company's books",
    "com.intuit.quickbooks.payment": "Take payments",
    "openid": "Know who you are",
    "profile": "See your name",
    "email": "See your e-mail address",
    "phone": "See your phone number",
    "address": "See your address",
}
_KNOWN = ("client_id", "response_type", "scope", "redirect_uri", "state")


class Refused(Exception):
    """The request is wrong; the person sees a page and nothing goes back to the application."""


def authorize(double: QuickBooksDouble, query: dict[str, str]) -> Reply:
    """The consent page, or a page that says what is wrong with the request."""
    try:
        consent = _consent(double, query)
    except Refused as refused:
        return _html(400, problem_page("This request cannot be authorised", str(refused)))
    ticket = secrets.token_urlsafe(16)
    double.consents[ticket] = consent
    page = consent_page(
        application=double.application.name,
        provider="QuickBooks",
        action="decision",
        ticket=ticket,
        permissions=[SCOPES[scope] for scope in consent["scopes"]],
        accounts=[(company.realm, company.name) for company in double.companies.values()],
    )
    return _html(200, page)


def decide(double: QuickBooksDouble, form: bytes) -> Reply:
    """Redirects to the application with code and realmId, or with the person's no. A page can be answered once."""
    answers = dict(parse_qsl(form.decode()))
    consent = double.consents.pop(answers.get("ticket", ""), None)
    if consent is None:
        return _html(400, problem_page("This page was answered already", "Start again from the application."))
    if answers.get("decision") != "allow":
        return _back(consent, {"error": "access_denied", "state": consent["state"]})
    realm = answers.get("account", "")
    if realm not in double.companies:
        return _html(400, problem_page("No such company", "Start again from the application."))
    expires = double.clock.now() + CODE_LIFE
    code = double.grants.new_code(Code(realm, consent["scopes"], consent["redirect_uri"], expires))
    return _back(consent, {"code": code, "state": consent["state"], "realmId": realm})


def _consent(double: QuickBooksDouble, query: dict[str, str]) -> Document:
    for name in query:
        if name not in _KNOWN:
            raise Refused(f"Unknown parameter {name}.")
    for name in _KNOWN:
        if not query.get(name):
            raise Refused(f"The parameter {name} is missing.")
    if query["client_id"] != double.application.client_id:
        raise Refused("The client_id is unknown.")
    if query["response_type"] != "code":
        raise Refused("response_type must be code.")
    if query["redirect_uri"] not in double.redirect_uris:
        raise Refused("The redirect_uri is not a registered one. It must match to the letter.")
    wanted = list(dict.fromkeys(query["scope"].split()))
    unknown = [scope for scope in wanted if scope not in SCOPES]
    if unknown or not wanted:
        raise Refused(f"Unknown scope: {', '.join(unknown) or 'none was sent'}.")
    return {"scopes": wanted, "state": query["state"], "redirect_uri": query["redirect_uri"]}


def _back(consent: Document, answer: dict[str, str]) -> Reply:
    joint = "&" if "?" in consent["redirect_uri"] else "?"
    return Reply(302, b"", "text/plain", {"Location": f"{consent['redirect_uri']}{joint}{urlencode(answer)}"})


def _html(status: int, page: str) -> Reply:
    return Reply(status, page.encode(), "text/html", {"Cache-Control": "no-store"})
