"""How the webhooks of an audience are set up; the address must answer before it is taken."""

from __future__ import annotations

from integrations.sandbox.generation import Document
from integrations.sandbox.mailchimp.calls import Call, Route
from integrations.sandbox.mailchimp.errors import invalid, not_found, problem
from integrations.sandbox.mailchimp.hooks import EVENTS, SOURCES, Webhook, new_secret
from integrations.sandbox.mailchimp.shapes import flag, record, text


def get_webhooks(call: Call) -> Document:
    found = [webhook.document() for webhook in call.audience.webhooks.values()]
    return {"webhooks": found, "list_id": call.audience.id, "total_items": len(found)}


def get_webhook(call: Call) -> Document:
    return _webhook(call).document()


async def add_webhook(call: Call) -> Document:
    """The secret of a webhook of the signed kind is in this answer and in no other."""
    audience, wishes = call.audience, call.body
    if any(webhook.url == wishes["url"] for webhook in audience.webhooks.values()):
        raise invalid([problem("url", "Sorry, you can't set up multiple webhooks for one address")])
    await _check_url(call, wishes["url"])
    webhook = Webhook(
        call.account.new_hex("webhook", 10), wishes["url"], audience.id,
        dict.fromkeys(EVENTS, False) | wishes.get("events", {}),
        dict.fromkeys(SOURCES, False) | wishes.get("sources", {}),
        new_secret() if call.mailchimp.settings.sign_webhooks else None,
    )  # fmt: skip
    audience.webhooks[webhook.id] = webhook
    shown = webhook.document()
    return shown if webhook.secret is None else shown | {"signing_secret": webhook.secret}


async def change_webhook(call: Call) -> Document:
    webhook, wishes = _webhook(call), call.body
    await _check_url(call, wishes.get("url", webhook.url))
    webhook.url = wishes.get("url", webhook.url)
    webhook.events |= wishes.get("events", {})
    webhook.sources |= wishes.get("sources", {})
    return webhook.document()


def delete_webhook(call: Call) -> None:
    gone = call.audience.webhooks.pop(_webhook(call).id)
    gone.is_removed = True  # what waits for it is given up


def _webhook(call: Call) -> Webhook:
    found = call.audience.webhooks.get(call.ids["webhook_id"])
    if found is None:
        raise not_found()
    return found


async def _check_url(call: Call, url: str) -> None:
    postman = call.mailchimp.postman
    if not await postman.wire.answers(url, patience=postman.rules.patience):
        raise invalid([problem("url", "The address did not answer a GET with 200; the sandbox asks this machine only")])


_WISHES = {
    "url": text(at_least=1, at_most=2048),
    "events": record(dict.fromkeys(EVENTS, flag)),
    "sources": record(dict.fromkeys(SOURCES, flag)),
}
_ALL, _ONE = "/lists/{list_id}/webhooks", "/lists/{list_id}/webhooks/{webhook_id}"
ROUTES = [
    Route("GET", _ALL, get_webhooks),
    Route("POST", _ALL, add_webhook, body=record(_WISHES, required=["url"])),
    Route("GET", _ONE, get_webhook),
    Route("PATCH", _ONE, change_webhook, body=record(_WISHES)),
    Route("DELETE", _ONE, delete_webhook),
]
