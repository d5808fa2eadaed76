"""Which audience an owner reads: most accounts have one, some have a forgotten second."""

from typing import Any, ClassVar

from integrations.providers.http import ApiSession
from integrations.providers.mailchimp.streams import every_audience
from integrations.providers.types import JSON, ObjectType, Option


class AudienceChooser:
    """One audience, the largest first."""

    object_type: ClassVar[ObjectType] = ObjectType.AUDIENCE
    many: ClassVar[bool] = False

    def options(self, api: ApiSession) -> list[Option]:
        """Return the audiences. One call for up to a thousand of them."""
        found = sorted(every_audience(api), key=lambda raw: (-_size(raw), str(raw.get("name"))))
        return [Option(str(raw["id"]), str(raw.get("name") or raw["id"]), _in_words(_size(raw))) for raw in found]


def _size(raw: JSON) -> int:
    count: Any = (raw.get("stats") or {}).get("member_count")
    return count if isinstance(count, int) else 0


def _in_words(count: int) -> str:
    return "1 contact" if count == 1 else f"{count:,} contacts"
