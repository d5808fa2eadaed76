"""How events that were given up come back: into the queue, each exactly once, and to an account that came meanwhile."""

from django.db import models
from django.db.models import OuterRef, Subquery
from django.utils import timezone

from connections.models import Connection
from integrations import catalogue
from syncing.work import WorkStatus
from webhooks.models import Verdict, WebhookEvent


def requeue(events: models.QuerySet[WebhookEvent]) -> int:
    """Queue again those of the events that were given up and can be worked on; return how many that are.

    What nobody here was connected to is tried anew when somebody is now. What could not be read stays as it is, and
    so does what was refused. Called twice, the second finds nothing. The caller rings.
    """
    dead = WebhookEvent.objects.given_up().filter(pk__in=events.order_by().values("pk"))
    worked = dead.filter(verdict=Verdict.ACCEPTED, connection__isnull=False).update(**_anew())
    home = Subquery(
        Connection.objects.live()
        .filter(provider=OuterRef("provider"), environment=catalogue.environment(), account_id=OuterRef("account_id"))
        .values("pk")[:1]
    )
    lost = dead.filter(verdict=Verdict.UNROUTABLE).exclude(account_id="").annotate(home=home)
    return worked + lost.filter(home__isnull=False).update(connection=home, verdict=Verdict.ACCEPTED, **_anew())


def _anew() -> dict[str, object]:
    return {
        "status": WorkStatus.QUEUED, "attempts": 0, "not_before": timezone.now(), "finished_at": None,
        "failure_class": "", "failure_code": "", "failure_sentence": "",
    }  # fmt: skip
