"""Whose request it is: API keys and access tokens, and the data centre that each of them belongs to."""

from __future__ import annotations

import base64
import binascii
import hmac

from integrations.sandbox.mailchimp.accounts import Account
from integrations.sandbox.mailchimp.double import MailchimpDouble
from integrations.sandbox.mailchimp.errors import MailchimpError
from integrations.sandbox.mailchimp.grants import Token


def account_of(mailchimp: MailchimpDouble, authorization: str, dc: str) -> Account:
    """The account that the Authorization header opens at this data centre; MailchimpError when there is none."""
    if not authorization:
        raise MailchimpError(401, "API Key Missing", "Your request did not include an API key.")
    kind, _, rest = authorization.partition(" ")
    account = _by_basic(mailchimp, rest, dc) if kind == "Basic" else _by_bearer(mailchimp, kind, rest.strip(), dc)
    if account.dc != dc:
        raise wrong_datacenter()
    if account.is_disabled:
        raise MailchimpError(403, "User Disabled", "This user was disabled.")
    return account


def token_of(mailchimp: MailchimpDouble, authorization: str) -> Token | None:
    """The living access token in an `OAuth` or `Bearer` header."""
    kind, _, text = authorization.partition(" ")
    token = mailchimp.grants.tokens.get(text.strip())
    is_good = kind in ("OAuth", "Bearer") and token is not None and not token.is_revoked
    return token if is_good and token is not None and token.account_id in mailchimp.accounts else None


def wrong_datacenter() -> MailchimpError:
    return MailchimpError(403, "Wrong Datacenter", "The API key or token belongs to another data centre.")


def _by_basic(mailchimp: MailchimpDouble, coded: str, dc: str) -> Account:
    """The password is the key; the user name may be anything."""
    try:
        _, colon, key = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _invalid() from error
    if not colon or not key:
        raise MailchimpError(401, "API Key Missing", "Your request did not include an API key.")
    return _by_key(mailchimp, key, dc)


def _by_bearer(mailchimp: MailchimpDouble, kind: str, text: str, dc: str) -> Account:
    token = token_of(mailchimp, f"{kind} {text}")
    if token is not None:
        return mailchimp.accounts[token.account_id]
    if kind != "Bearer":
        raise _invalid()
    return _by_key(mailchimp, text, dc)


def _by_key(mailchimp: MailchimpDouble, key: str, dc: str) -> Account:
    """A key names its data centre, and is looked for there only."""
    digits, dash, home = key.partition("-")
    if len(digits) == 32 and dash and home != dc:
        raise wrong_datacenter()
    for account in mailchimp.accounts.values():
        if hmac.compare_digest(account.api_key.encode(), key.encode()) and not account.is_key_revoked:
            return account
    raise _invalid()


def _invalid() -> MailchimpError:
    return MailchimpError(401, "API Key Invalid", "Your API key may be invalid, or it is one of another data centre.")
