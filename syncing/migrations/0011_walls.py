"""The second wall between venues, around this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies


class Migration(migrations.Migration):
    dependencies: ClassVar = [("syncing", "0010_ended_jobs"), ("connections", "0004_walls")]
    operations: ClassVar = [
        *(
            wall_policies.shut(table, wall_policies.OF_VENUE, "venue_id")
            for table in ("sync_queue", "sync_logs", "records")
        ),
        *(
            wall_policies.shut(table, wall_policies.OF_CONNECTION, "connection_id")
            for table in ("sync_cursors", "record_links")
        ),
    ]
