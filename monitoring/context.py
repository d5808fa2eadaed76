"""What every page's frame needs to know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the values that `base.html` uses."""
    return {"sandbox": bool(settings.SANDBOX_URL)}
