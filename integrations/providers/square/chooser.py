"""Which locations an owner reads: a seller may trade at several places, and a venue may be one of them."""

from typing import ClassVar

from integrations.providers.http import ApiSession
from integrations.providers.types import ObjectType, Option


class LocationChooser:
    """Any of the seller's active locations, the main one first."""

    object_type: ClassVar[ObjectType] = ObjectType.LOCATION
    many: ClassVar[bool] = True

    def options(self, api: ApiSession) -> list[Option]:
        """Return the active locations as Square lists them, the main one first. One call."""
        listed = api.get("/v2/locations").body.get("locations") or []
        return [
            Option(each["id"], each.get("name") or each["id"], str(each.get("currency") or ""))
            for each in listed
            if each.get("status") != "INACTIVE"
        ]
