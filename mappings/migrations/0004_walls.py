"""The second wall between venues, around this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies


class Migration(migrations.Migration):
    dependencies: ClassVar = [("mappings", "0003_watch_decisions"), ("connections", "0004_walls")]
    operations: ClassVar = [
        *(
            wall_policies.shut(table, wall_policies.OF_CONNECTION, "connection_id")
            for table in ("field_mappings", "schema_watches")
        ),
        wall_policies.shut(
            "field_mapping_templates", wall_policies.OF_VENUE, "venue_id", also_seen="venue_id IS NULL"
        ),
    ]
