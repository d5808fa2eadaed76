"""How a registration gets another secret: asked for here, carried out by the upkeep within seconds."""

from django.db.models import QuerySet
from django.db.models.functions import Now

from webhooks import upkeep
from webhooks.models import WebhookSubscription, WebhookUpkeep


def can_roll(subscriptions: QuerySet[WebhookSubscription]) -> QuerySet[WebhookSubscription]:
    """Return those that are in use."""
    return subscriptions.filter(active=True, retired_at=None).exclude(external_id="")


def ask(subscriptions: QuerySet[WebhookSubscription]) -> int:
    """Ask for another secret of those that are in use, and return how many these are. Asked twice, it happens once.

    The former secret stays valid for a day (`removals.OVERLAP`): what was signed with it is still under way.
    """
    concerned = list(can_roll(subscriptions).values_list("pk", "provider", "connection"))
    asked = WebhookSubscription.objects.filter(pk__in=[pk for pk, *_ in concerned]).update(roll_asked_at=Now())
    of_connections = [connection for *_, connection in concerned if connection]
    of_applications = [provider for _, provider, connection in concerned if not connection]
    upkeep.ask(WebhookUpkeep.objects.filter(connection__in=of_connections))
    upkeep.ask(WebhookUpkeep.objects.filter(connection=None, provider__in=of_applications))
    return asked
