"""How Mailchimp is asked to tell us of changes: webhooks of one audience each, which leave out what we changed there.

One that is made today is signed, with a secret that stands in the answer to the making and nowhere else. An older
account's are not signed at all: their address is what proves them.
"""

from typing import Any, ClassVar
from urllib.parse import quote

import orjson

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.webhooks import EVENTS
from integrations.providers.types import JSON, Hook, ObjectType, Subject

_EVENTS = {**dict.fromkeys(EVENTS, True), "campaign": False}
_SOURCES = {"user": True, "admin": True, "api": False}  # what came over the API were our own writes


class MailchimpRegistrar:
    """One webhook for each chosen audience, made with the account's own access whichever way it was given."""

    place: ClassVar[ObjectType | None] = ObjectType.AUDIENCE
    by_application: ClassVar[bool] = False

    def events(self, about: Subject) -> tuple[str, ...]:
        """Return the events."""
        return EVENTS

    def listed(self, api: ApiSession, about: Subject) -> list[Hook]:
        """Return the audience's webhooks."""
        return [_hook(told) for told in api.get(_path(about)).body.get("webhooks") or ()]

    def register(self, api: ApiSession, about: Subject, *, url: str, key: str) -> Hook:
        """Return a new webhook. Mailchimp looks first whether the address answers, and takes each address once."""
        body = {"url": url, "events": _EVENTS, "sources": _SOURCES}
        return _hook(api.post(_path(about), body, repeatable=False).body)

    def repair(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Let it tell what we ask for, and nothing of what came over the API."""
        body = orjson.dumps({"events": _EVENTS, "sources": _SOURCES})
        api.call("PATCH", _path(about, hook_id), body=body, repeatable=True)

    def remove(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Remove it; an audience that is gone took it along."""
        try:
            api.call("DELETE", _path(about, hook_id), repeatable=True, may_be_empty=True)
        except errors.NotFound:
            return


def _path(about: Subject, hook_id: str = "") -> str:
    path = f"/3.0/lists/{quote(about.place, safe='')}/webhooks"
    return f"{path}/{quote(hook_id, safe='')}" if hook_id else path


def _hook(told: JSON) -> Hook:
    if not told.get("id"):
        raise errors.Transient("Mailchimp did not say what it registered.", code="unreadable")
    secret = str(told.get("signing_secret") or "")
    return Hook(
        id=str(told["id"]),
        url=str(told.get("url") or ""),
        amiss=_amiss(told),
        secret=secret,
        is_signed=bool(secret or told.get("signing_enabled")),
    )


def _amiss(told: JSON) -> str:
    events, sources = _chosen(told.get("events")), _chosen(told.get("sources"))
    if sources != _chosen(_SOURCES):
        return "It told of changes from other sources."
    return "" if events == _chosen(_EVENTS) else "It told of other events."


def _chosen(flags: Any) -> set[str]:
    return {name for name, is_on in flags.items() if is_on} if isinstance(flags, dict) else set()
