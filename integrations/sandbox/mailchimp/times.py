"""How Mailchimp writes times: whole seconds, with +00:00."""

from __future__ import annotations

from integrations.sandbox.clock import SECOND, rfc3339


def stamp(moment: int) -> str:
    """As ``2026-11-22T18:30:05+00:00``."""
    return rfc3339(moment)[:19] + "+00:00"


def whole(moment: int) -> int:
    """The moment without its fraction of a second."""
    return moment - moment % SECOND


def fired_at(moment: int) -> str:
    """As webhooks write it: ``2026-11-22 18:30:05``, in UTC without saying so."""
    return rfc3339(moment)[:19].replace("T", " ")
