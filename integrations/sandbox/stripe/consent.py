"""How the owner of an account says yes or no: the authorise page, and the way back to the platform."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qsl, urlencode

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.page import consent_page, problem_page
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.permissions import READ_ONLY, READ_WRITE, in_plain_words

_KNOWN = {"client_id", "response_type", "scope", "redirect_uri", "state", "stripe_landing", "always_prompt"}
_USER = {
    "email", "url", "country", "phone_number", "business_name", "business_type", "first_name", "last_name",
    "dob_day", "dob_month", "dob_year", "street_address", "city", "state", "zip", "physical_product",
    "product_description", "currency", "first_name_kana", "last_name_kana",
}  # fmt: skip


class Refused(Exception):
    """The authorise request is wrong; the owner sees a page and nothing goes back to the platform."""


def authorize(stripe: StripeDouble, pairs: list[tuple[str, str]]) -> Reply:
    """The consent page, or a page that says what is wrong with the request."""
    try:
        consent = _consent(stripe, pairs)
    except Refused as refused:
        return _html(400, problem_page("This request cannot be authorised", str(refused)))
    ticket = secrets.token_urlsafe(16)
    stripe.consents[ticket] = consent
    page = consent_page(
        application=stripe.application.name,
        provider="Stripe",
        action="decision",
        ticket=ticket,
        permissions=in_plain_words(consent["scope"]),
        accounts=[(one.id, one.name) for one in stripe.venues.values() if not one.livemode],
    )
    return _html(200, page)


def decide(stripe: StripeDouble, form: bytes) -> Reply:
    """Redirects to the platform with a code, or with the owner's no. A page can be answered once."""
    answers = dict(parse_qsl(form.decode()))
    consent = stripe.consents.pop(answers.get("ticket", ""), None)
    if consent is None:
        return _html(400, problem_page("This page was answered already", "Start again from the application."))
    state = {"state": consent["state"]} if consent["state"] is not None else {}
    if answers.get("decision") != "allow":
        return _back(consent, {"error": "access_denied", "error_description": "The user denied your request", **state})
    account = stripe.venues.get(answers.get("account", ""))
    if account is None or account.livemode:
        return _html(400, problem_page("No such account", "Start again from the application."))
    code = stripe.grants.new_code(account.id, consent["scope"], now=stripe.clock.now())
    return _back(consent, {"scope": consent["scope"], **state, "code": code})


def _consent(stripe: StripeDouble, pairs: list[tuple[str, str]]) -> Document:
    query = dict(pairs)
    if len(query) < len(pairs):
        raise Refused("A parameter was sent twice.")
    for name in query:
        if name not in _KNOWN and not _is_prefill(name):
            raise Refused(f"Unknown parameter {name}.")
    if query.get("client_id") != stripe.application.client_id:
        raise Refused("No application matches the supplied client identifier.")
    if query.get("response_type") != "code":
        raise Refused("response_type must be code.")
    scope = query.get("scope", READ_ONLY)
    if scope not in (READ_ONLY, READ_WRITE):
        raise Refused(f"Invalid scope: {scope}. It must be read_write or read_only.")
    if query.get("stripe_landing", "login") not in ("login", "register"):
        raise Refused("stripe_landing must be login or register.")
    return {
        "scope": scope, "state": query.get("state"), "redirect_uri": _redirect_uri(stripe, query.get("redirect_uri")),
    }  # fmt: skip


def _is_prefill(name: str) -> bool:
    return name.startswith("stripe_user[") and name.endswith("]") and name[12:-1] in _USER


def _redirect_uri(stripe: StripeDouble, asked: str | None) -> str:
    if not stripe.redirect_uris:
        raise Refused("The application has no registered redirect address.")
    if asked is None:
        return stripe.redirect_uris[0]
    if asked not in stripe.redirect_uris:
        raise Refused("The redirect_uri is not a registered one. It must match to the letter.")
    return asked


def _back(consent: Document, answer: dict[str, str]) -> Reply:
    joint = "&" if "?" in consent["redirect_uri"] else "?"
    return Reply(302, b"", "text/plain", {"Location": f"{consent['redirect_uri']}{joint}{urlencode(answer)}"})


def _html(status: int, page: str) -> Reply:
    return Reply(status, page.encode(), "text/html", {"Cache-Control": "no-store"})
