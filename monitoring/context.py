"""What every page's frame needs to know."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from structlog.contextvars import get_contextvars


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the values that `base.html` uses on every page, also where no venue is selected."""
    return {"sandbox": bool(settings.SANDBOX_URL), "reference": get_contextvars().get("request_id", "")}
