"""The second wall between venues, around this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies


class Migration(migrations.Migration):
    dependencies: ClassVar = [("connections", "0003_told"), ("integrations", "0006_walls")]
    operations: ClassVar = [
        wall_policies.answers(
            "backline_connections", "SELECT ARRAY(SELECT id FROM connections WHERE venue_id = ANY (backline_venues()))"
        ),
        wall_policies.shut("connections", wall_policies.OF_VENUE, "venue_id"),
        wall_policies.shut("oauth_states", wall_policies.OF_VENUE, "venue_id"),
        *(
            wall_policies.shut(table, wall_policies.OF_CONNECTION, "connection_id")
            for table in ("oauth_tokens", "venue_api_keys")
        ),
    ]
