"""Makes the schedule follow changed wishes: what is no longer wanted leaves it, a shorter interval begins at once."""

from datetime import timedelta

from django.db import transaction
from django.db.models.functions import Least, Now

from connections.models import Connection
from integrations.models import IntegrationConfig
from syncing import schedule
from syncing.models import SyncCursor


@transaction.atomic
def follow(connection: Connection, config: IntegrationConfig) -> None:
    """Bring the connection's bookmarks in line with the wishes; what was synced stays. Safe to call again."""
    wanted = schedule.wished(connection, config)
    bookmarks = SyncCursor.objects.filter(connection=connection)
    bookmarks.exclude(object_type__in=wanted).update(next_run_at=None)
    bookmarks.filter(object_type__in=wanted, next_run_at__isnull=False).update(
        next_run_at=Least("next_run_at", Now() + timedelta(minutes=config.interval_minutes))
    )
