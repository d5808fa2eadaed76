"""An account of Mailchimp that is connected, and its owner who edits the fields of its audience."""

from datetime import timedelta
from typing import Any

import requests
from django.utils import timezone

from connections import keys
from integrations.models import Venue
from integrations.providers import PROVIDERS
from mappings import versions
from mappings.models import FieldMapping, SchemaWatch
from syncing import fields
from tests.provider_sandbox import Sandbox


class Audience:
    """A connected account of Mailchimp whose owner edits the fields of its audience."""

    def __init__(self, sandbox: Sandbox, venue: Venue, owner: Any, *, members: int = 5) -> None:
        wish = {"name": "The Lantern Room", "sizes": {"members": members}}
        self.made = sandbox.ask("POST", "/mailchimp/accounts", wish)
        self.connection = keys.connect(PROVIDERS["mailchimp"], venue, self.made["api_key"], user=owner)
        self.id = self.made["lists"][0]["id"]
        venue.integration_configs.update(chosen={"audience": [self.id]})
        self.sandbox = sandbox
        versions.install_default(self.connection)

    def edit(self, method: str, path: str, **body: Any) -> None:
        url = f"{self.sandbox.url}/mailchimp/{self.made['dc']}/3.0/lists/{self.id}/merge-fields{path}"
        assert requests.request(method, url, auth=("o", self.made["api_key"]), json=body, timeout=20).ok

    def look(self) -> SchemaWatch:
        SchemaWatch.objects.update(due_at=timezone.now() - timedelta(seconds=1))
        assert fields.look_at_due() == 1
        return SchemaWatch.objects.get()

    def held(self) -> dict[tuple[str, str], str]:
        rows = FieldMapping.objects.in_force(self.connection).exclude(paused_reason="")
        return {(row.direction, row.target): row.paused_reason for row in rows}
