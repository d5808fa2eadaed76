"""How Stripe is asked to tell us of changes: an endpoint of the account's own, or one of our platform for all of them.

The secret stands in the answer to the making and nowhere else. Only Stripe's dashboard gives an endpoint another one.
"""

from typing import Any, ClassVar

from integrations.providers import errors
from integrations.providers.http import ApiSession
from integrations.providers.stripe.events import EVENTS
from integrations.providers.stripe.spec import API_VERSION
from integrations.providers.stripe.webhooks import EVENTS_OF_APPLICATION
from integrations.providers.types import JSON, Hook, ObjectType, Subject

_PATH = "/v1/webhook_endpoints"


class StripeRegistrar:
    """A pasted key makes an endpoint in its account; the platform's key one for every account that signed in."""

    place: ClassVar[ObjectType | None] = None
    by_application: ClassVar[bool] = True

    def events(self, about: Subject) -> tuple[str, ...]:
        """Return the events, for the platform with the end of an authorisation."""
        return EVENTS_OF_APPLICATION if about.of_application else EVENTS

    def listed(self, api: ApiSession, about: Subject) -> list[Hook]:
        """Return the endpoints: an account has sixteen at most."""
        return [self._hook(told, about) for told in api.get(_PATH, {"limit": 100}).body.get("data") or ()]

    def register(self, api: ApiSession, about: Subject, *, url: str, key: str) -> Hook:
        """Return a new endpoint with its secret. The same key is answered with the same endpoint and secret."""
        form = {"url": url, "description": "Backline", "api_version": API_VERSION, **self._events(about)}
        asked = form | ({"connect": "true"} if about.of_application else {})
        answer = api.post_form(_PATH, asked, repeatable=True, headers={"Idempotency-Key": key}).body
        if not answer.get("secret"):
            raise errors.Transient("Stripe did not tell the secret of what it registered.", code="no_secret")
        return self._hook(answer, about)

    def repair(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Switch it on, with our events."""
        api.post_form(f"{_PATH}/{hook_id}", {"disabled": "false", **self._events(about)}, repeatable=True)

    def remove(self, api: ApiSession, about: Subject, hook_id: str) -> None:
        """Remove it."""
        try:
            api.call("DELETE", f"{_PATH}/{hook_id}", repeatable=True)
        except errors.NotFound:
            return

    def _events(self, about: Subject) -> dict[str, str]:
        return {f"enabled_events[{place}]": event for place, event in enumerate(self.events(about))}

    def _hook(self, told: JSON, about: Subject) -> Hook:
        if not isinstance(told.get("id"), str):
            raise errors.Transient("Stripe did not say what it registered.", code="unreadable")
        return Hook(
            id=told["id"],
            url=str(told.get("url") or ""),
            amiss=_amiss(told, self.events(about)),
            secret=str(told.get("secret") or ""),
        )


def _amiss(told: JSON, wanted: tuple[str, ...]) -> str:
    if told.get("status") == "disabled":
        return "It was switched off there."
    events: Any = told.get("enabled_events") or ()
    return "" if set(events) == set(wanted) else "It told of other events."
