"""How Square is asked to tell us of changes: subscriptions of an application, made with its owner's personal token."""

from collections.abc import Iterator
from typing import Any, ClassVar

import orjson

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.square.spec import API_VERSION
from integrations.providers.square.webhooks import EVENTS, EVENTS_OF_APPLICATION
from integrations.providers.types import JSON, Hook, ObjectType, Subject

_PATH = "/v2/webhooks/subscriptions"
_LONGEST_KEY = 45


class SquareRegistrar:
    """Those who signed in belong to our application; a pasted token is one of the seller's own application."""

    place: ClassVar[ObjectType | None] = None
    by_application: ClassVar[bool] = True

    def events(self, about: Subject) -> tuple[str, ...]:
        """Return the events, for the application with the end of an authorisation."""
        return EVENTS_OF_APPLICATION if about.of_application else EVENTS

    def listed(self, api: ApiSession, about: Subject) -> list[Hook]:
        """Return the application's subscriptions, each with the key that signs."""
        return [self._hook(told, about) for told in _every(api)]

    def register(self, api: ApiSession, about: Subject, *, url: str, key: str) -> Hook:
        """Return a new subscription."""
        asked = {"name": "Backline", "notification_url": url, "event_types": self.events(about)}
        body = {"idempotency_key": key[:_LONGEST_KEY], "subscription": asked | {"api_version": API_VERSION}}
        return self._hook(api.post(_PATH, body, repeatable=True).body.get("subscription"), about)

    def repair(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Switch it on, with our events."""
        wishes = {"enabled": True, "event_types": self.events(about)}
        api.call("PUT", f"{_PATH}/{hook_id}", body=orjson.dumps({"subscription": wishes}), repeatable=True)

    def remove(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Remove it."""
        try:
            api.call("DELETE", f"{_PATH}/{hook_id}", repeatable=True, may_be_empty=True)
        except errors.NotFound:
            return

    def roll(self, api: ApiSession, about: Subject, hook_id: str) -> str:
        """Return the new key. Without a key of its own a repetition would make another one, so there is none."""
        answer = api.post(f"{_PATH}/{hook_id}/signature-key", {}, repeatable=False).body
        return _text(answer, "signature_key")

    def _hook(self, told: Any, about: Subject) -> Hook:
        if not isinstance(told, dict):
            raise errors.Transient("Square did not say what it registered.", code="unreadable")
        return Hook(
            id=_text(told, "id"),
            url=str(told.get("notification_url") or ""),
            amiss=_amiss(told, self.events(about)),
            secret=str(told.get("signature_key") or ""),
        )


def _amiss(told: JSON, wanted: tuple[str, ...]) -> str:
    if not told.get("enabled"):
        return "It was switched off there."
    return "" if set(told.get("event_types") or ()) == set(wanted) else "It told of other events."


def _every(api: ApiSession) -> Iterator[Any]:
    cursor = None
    while True:
        body = api.get(_PATH, {"include_disabled": "true", "limit": 100, "cursor": cursor}).body
        yield from body.get("subscriptions") or ()
        cursor = body.get("cursor")
        if not cursor:
            return


def _text(told: JSON, name: str) -> str:
    if not told.get(name):
        raise errors.Transient("Square did not say what it registered.", code="unreadable")
    return str(told[name])
