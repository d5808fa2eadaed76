"""What the owner of an account does with keys and connections in the dashboard."""

from __future__ import annotations

from integrations.sandbox.control import Body, Unclear
from integrations.sandbox.stripe.accounts import Account
from integrations.sandbox.stripe.double import StripeDouble
from integrations.sandbox.stripe.grants import Key
from integrations.sandbox.stripe.oauth import disconnect
from integrations.sandbox.stripe.permissions import ALL, without


def act_on_keys(stripe: StripeDouble, account: Account, body: Body) -> Body:
    """Expire the account's own keys, end its connection, or take a right away from its restricted key or give it.

    With include_keys a revocation takes the account's own keys too.
    """
    action, scope = body.get("action"), body.get("scope")
    if set(body) - {"action", "scope", "include_keys"}:
        raise Unclear("Send action, and if wanted scope or include_keys.")
    keys = stripe.grants.keys_of(account.id)
    if action == "expire":
        for key in keys.values():
            key.is_expired = True
        return {"keys": len(keys)}
    if action == "revoke":
        return _revoke(stripe, account, is_whole=bool(body.get("include_keys")))
    if action in ("drop_scope", "add_scope") and scope in ALL:
        return _set_scope(keys, str(scope), is_added=action == "add_scope")
    raise Unclear(
        f"Send action: expire, revoke, or drop_scope or add_scope with scope, one of {', '.join(sorted(ALL))}."
    )


def _revoke(stripe: StripeDouble, account: Account, *, is_whole: bool) -> Body:
    was_connected, keys = disconnect(stripe, account), stripe.grants.keys_of(account.id) if is_whole else {}
    for text in keys:
        del stripe.grants.keys[text]
    return {"connections": int(was_connected), "keys": len(keys)}


def _set_scope(keys: dict[str, Key], scope: str, *, is_added: bool) -> Body:
    restricted = [key for key in keys.values() if key.permissions is not None]
    for key in restricted:
        known = key.permissions or frozenset()
        key.permissions = known | {scope} if is_added else without(known, scope)
    shown = sorted(restricted[0].permissions or ()) if restricted else []
    return {"keys": len(restricted), "permissions": shown}
