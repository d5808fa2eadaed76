"""What may be told about what is registered for a connection. Never the unguessable part of an address, or a secret."""

from typing import Any

from django.db.models import Q

from connections.models import Connection, Method
from integrations.providers.errors import ErrorClass
from webhooks import addresses
from webhooks.models import WebhookSubscription, WebhookUpkeep


def of(connection: Connection) -> list[dict[str, Any]]:
    """Return what is registered, or one entry that says why nothing is. Two queries.

    A sign-in is told of by our application's registration as well, where there is one.
    """
    concerns = _concerns(connection)
    rows = WebhookSubscription.objects.current().filter(concerns).order_by("created_at")
    upkeep = WebhookUpkeep.objects.filter(concerns).exclude(problem="").order_by("pk").first()
    problem = upkeep.problem if upkeep else ""
    told = [_told(row, problem) for row in rows]
    return told or ([_nothing(connection.provider, problem)] if problem else [])


def permission_missing(connection: Connection) -> str:
    """Return the sentence for the owner when only a permission keeps us from being told of changes, else "".

    No query for a connection that was read together with its `webhook_upkeep`.
    """
    upkeep: WebhookUpkeep | None = getattr(connection, "webhook_upkeep", None)
    return upkeep.problem if upkeep and upkeep.failure_class == ErrorClass.PERMISSION else ""


def _concerns(connection: Connection) -> Q:
    own = Q(connection=connection)
    return own | Q(connection=None, provider=connection.provider) if connection.method == Method.OAUTH else own


def _told(row: WebhookSubscription, problem: str) -> dict[str, Any]:
    return {
        "url": addresses.url(row.provider) + "/…",
        "active": row.active and bool(row.external_id),
        "events": row.events,
        "created_at": row.created_at,
        "last_received_at": row.last_received_at,
        "problem": problem,
    }


def _nothing(provider: str, problem: str) -> dict[str, Any]:
    return {
        "url": addresses.url(provider) + "/…", "active": False, "events": [], "created_at": None,
        "last_received_at": None, "problem": problem,
    }  # fmt: skip
