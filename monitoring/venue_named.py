"""Which of all venues is meant, where our team asks."""

import re
from typing import Any

from rest_framework import serializers

from integrations.models import Venue

_NAME = re.compile(r"[-\w]{1,120}")


class VenueNamed(serializers.CharField):
    """Any venue, by its id or slug; becomes its id."""

    def to_internal_value(self, data: Any) -> Any:
        """Return the id. Raises ValidationError when there is no such venue."""
        text = super().to_internal_value(data)
        found = Venue.objects.named(text).values_list("pk", flat=True).first() if _NAME.fullmatch(text) else None
        if found is None:
            raise serializers.ValidationError("There is no such venue.")
        return found
