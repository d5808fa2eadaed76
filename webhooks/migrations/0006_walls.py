"""The second wall between venues, around this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies


class Migration(migrations.Migration):
    dependencies: ClassVar = [("webhooks", "0005_found"), ("connections", "0004_walls")]
    operations: ClassVar = [
        wall_policies.shut("integration_webhooks", wall_policies.OF_CONNECTION, "connection_id"),
        *(  # those of an application, which serves all venues, are seen by everybody
            wall_policies.shut(table, wall_policies.OF_CONNECTION, "connection_id", also_seen="connection_id IS NULL")
            for table in ("webhooks", "webhook_upkeep")
        ),
    ]
