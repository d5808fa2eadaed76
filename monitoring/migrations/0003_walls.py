"""The second wall between venues, around this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies


class Migration(migrations.Migration):
    dependencies: ClassVar = [("monitoring", "0002_kept_p95"), ("connections", "0004_walls")]
    operations: ClassVar = [
        *(
            wall_policies.shut(table, wall_policies.OF_CONNECTION, "connection_id")
            for table in ("integration_health", "integration_costs")
        ),
    ]
