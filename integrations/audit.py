"""Who changed what over the API: one row for each call that was let in and meant to change something.

A row holds who, where, what and how it ended, never what was sent. A dry run changes nothing and leaves none; neither
does an answer that was told a second time.
"""

import logging
from collections.abc import Hashable
from typing import Any

from django.db import Error
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.serializers import BooleanField
from structlog.contextvars import get_contextvars

from integrations.models import AuditEntry, Venue
from integrations.problems import Problem

logger = logging.getLogger(__name__)

_NAMES_A_THING = ("id", "run", "batch")  # under which an answer says what it made


def let_in(request: Request, venue: Venue | None = None) -> None:
    """Remember that the caller has the right to what he asks for, at this venue or over all of them."""
    request.let_in, request.let_in_at = True, venue  # type: ignore[attr-defined]


def note(request: Request, *, operation: str, status: int, about: dict[str, str], told: Any = None) -> None:
    """Write the row of a call that has ended; nothing for one that was not let in, and for a dry run.

    `about` holds the parts of the address, `told` the answer. A row that cannot be written is an error in the log:
    what it tells of was done, and saying otherwise would have it done twice.
    """
    if not hasattr(request, "let_in") or _is_dry_run(request):
        return
    where: Venue | None = getattr(request, "let_in_at", None)
    entry = AuditEntry(
        user_id=request.user.pk, who=request.user.get_username()[:150], operation=operation,
        venue=where, method=str(request.method), path=request.path[:300], about=_about(about, told), status=status,
        request_id=get_contextvars().get("request_id", ""),
    )  # fmt: skip
    try:
        entry.save(force_insert=True)
    except Error:
        logger.exception("audit.not_written", extra={"operation": operation, "status": status})


def _is_dry_run(request: Request) -> bool:
    if request.method == "DELETE":  # nobody reads its body
        return False
    try:
        wished = request.data.get("dry_run") if isinstance(request.data, dict) else None
    except (APIException, Problem):  # it was refused for that, too
        return False
    return isinstance(wished, Hashable) and wished in BooleanField.TRUE_VALUES


def _about(parts: dict[str, str], told: Any) -> str:
    """Return what the call was about: the parts of its address, and the id of what it made."""
    made = next((str(told[name]) for name in _NAMES_A_THING if told.get(name)), "") if isinstance(told, dict) else ""
    return "/".join(dict.fromkeys([*parts.values(), *([made] if made else [])]))[:200]
