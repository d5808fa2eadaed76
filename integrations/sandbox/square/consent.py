"""How a seller says yes or no: the authorise page, and the way back to the application."""

from __future__ import annotations

import re
import secrets
from urllib.parse import parse_qsl, urlencode

from integrations.sandbox.door import Reply
from integrations.sandbox.generation import Document
from integrations.sandbox.page import consent_page, problem_page
from integrations.sandbox.square import scopes
from integrations.sandbox.square.double import SquareDouble
from integrations.sandbox.square.grants import CODE_LIFE, Code

_KNOWN = {"client_id", "scope", "session", "state", "redirect_uri", "locale", "code_challenge", "response_type"}
_CHALLENGE = re.compile(r"^[A-Za-z0-9_-]{43}$")


class Refused(Exception):
    """The authorise request is wrong; the seller sees a page and nothing goes back to the application."""


def authorize(square: SquareDouble, query: dict[str, str]) -> Reply:
    """The consent page, or a page that says what is wrong with the request."""
    try:
        consent = _consent(square, query)
    except Refused as refused:
        return _html(400, problem_page("This request cannot be authorised", str(refused)))
    ticket = secrets.token_urlsafe(16)
    square.consents[ticket] = consent
    page = consent_page(
        application=square.application.name,
        provider="Square",
        action="decision",
        ticket=ticket,
        permissions=[scopes.in_plain_words(scope) for scope in consent["scopes"]],
        accounts=[(merchant.id, merchant.name) for merchant in square.merchants.values()],
    )
    return _html(200, page)


def decide(square: SquareDouble, form: bytes) -> Reply:
    """Redirects to the application with a code, or with the seller's no. A page can be answered once."""
    answers = dict(parse_qsl(form.decode()))
    consent = square.consents.pop(answers.get("ticket", ""), None)
    if consent is None:
        return _html(400, problem_page("This page was answered already", "Start again from the application."))
    state = {"state": consent["state"]} if consent["state"] is not None else {}
    if answers.get("decision") != "allow":
        return _back(consent, {"error": "access_denied", "error_description": "user_denied", **state})
    merchant_id = answers.get("account", "")
    if merchant_id not in square.merchants:
        return _html(400, problem_page("No such seller", "Start again from the application."))
    code = square.grants.new_code(
        Code(
            merchant_id=merchant_id,
            scopes=consent["scopes"],
            redirect_uri=consent["redirect_uri"] if consent["redirect_was_sent"] else None,
            challenge=consent["challenge"],
            expires=square.clock.now() + CODE_LIFE,
        )
    )
    return _back(consent, {"code": code, "response_type": "code", **state})


def _consent(square: SquareDouble, query: dict[str, str]) -> Document:
    for name in query:
        if name not in _KNOWN:
            raise Refused(f"Unknown parameter {name}.")
    if query.get("client_id") != square.application.client_id:
        raise Refused("The client_id is unknown.")
    wanted = query.get("scope", " ".join(scopes.DEFAULT)).split()
    unknown = [scope for scope in wanted if scope not in scopes.ALL]
    if unknown or not wanted:
        raise Refused(f"Unknown scope: {', '.join(unknown) or 'none was sent'}.")
    challenge = query.get("code_challenge")
    if challenge is not None and not _CHALLENGE.match(challenge):
        raise Refused("The code_challenge is not a base64url SHA-256.")
    if query.get("response_type", "code") != "code" or query.get("session", "true") not in ("true", "false"):
        raise Refused("response_type must be code, session must be true or false.")
    return {
        "scopes": list(dict.fromkeys(wanted)),
        "state": query.get("state"),
        "challenge": challenge,
        "redirect_uri": _redirect_uri(square, query.get("redirect_uri")),
        "redirect_was_sent": "redirect_uri" in query,
    }


def _redirect_uri(square: SquareDouble, asked: str | None) -> str:
    if not square.redirect_uris:
        raise Refused("The application has no registered redirect address.")
    if asked is None:
        return square.redirect_uris[0]
    if asked not in square.redirect_uris:
        raise Refused("The redirect_uri is not a registered one. It must match to the letter.")
    return asked


def _back(consent: Document, answer: dict[str, str]) -> Reply:
    joint = "&" if "?" in consent["redirect_uri"] else "?"
    return Reply(302, b"", "text/plain", {"Location": f"{consent['redirect_uri']}{joint}{urlencode(answer)}"})


def _html(status: int, page: str) -> Reply:
    return Reply(status, page.encode(), "text/html", {"Cache-Control": "no-store"})
