"""The second wall between venues: roles of the database, and policies on this app's tables."""

from typing import ClassVar

from django.db import migrations

from integrations import wall_policies

_VENUES = """
SELECT CASE
    WHEN coalesce(current_setting('backline.venue', true), '') <> ''
    THEN ARRAY[current_setting('backline.venue')::uuid]
    ELSE ARRAY(
        SELECT venue_id FROM venue_memberships
        WHERE user_id = nullif(current_setting('backline.user', true), '')::integer
    )
END
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("integrations", "0005_api_contract")]
    operations: ClassVar = [
        wall_policies.roles(),
        wall_policies.answers("backline_venues", _VENUES),
        wall_policies.shut("venues", wall_policies.OF_VENUE, "id"),
        wall_policies.shut("venue_memberships", wall_policies.OF_VENUE, "venue_id"),
        wall_policies.shut("audit_entries", wall_policies.OF_VENUE, "venue_id"),
        wall_policies.shut("api_tokens", wall_policies.OF_VENUE, "venue_id"),
        wall_policies.shut("integration_configs", wall_policies.OF_VENUE, "venue_id"),
    ]
