"""What the database's planner believes of the large tables, kept near the truth while they are filled.

PostgreSQL looks at a table again once a minute, and only when a tenth of it has changed. A first read or a first
sending is through before, or is smaller than that tenth. Until then its venue counts as one with a row or two, for
which any index that begins with the venue is as good as the right one: each page would look through all that the venue
has so far.
"""

import logging
import threading
import uuid
from collections import Counter

from django.db import OperationalError, transaction
from django.db import connection as database

from integrations import walls

logger = logging.getLogger(__name__)

_FEW = 512  # rows that are looked through in no time
_MOST_VENUES = 10_000  # whose numbers a process remembers
# The columns that lookups go by, and no documents: so it costs the same whatever a provider sends. Nobody is waited
# for: who holds the tables is looking at them, too.
_LOOK = """
ANALYZE (SKIP_LOCKED) records (id, venue_id, object_type, identity, twin, external_key, deleted_at, version),
                      record_links (id, record_id, connection_id, external_type, external_id, state, pushed_version)
"""
_PATIENCE = "SET LOCAL statement_timeout = 5000"  # ms; where tables are large and disks slow, the read goes on without
_made: Counter[uuid.UUID] = Counter()
_counting = threading.Lock()


def look_again(before: int, after: int) -> bool:
    """Let the planner look again if a run is through four times as many as when it last did; return whether it did.

    To be called where rows were made, outside the transaction that made them. Only who owns the tables may do it;
    another login is warned in the database's log and goes on with what the planner believes, and so does who would have
    to wait.
    """
    if _times(before) == _times(after):
        return False
    try:
        with walls.behind(walls.SIGNED_IN), transaction.atomic(), database.cursor() as cursor:
            cursor.execute(_PATIENCE)
            cursor.execute(_LOOK)
    except OperationalError as error:
        logger.warning("planner.not_asked", extra={"reason": str(error).strip()})
        return False
    return True


def grown(venue: uuid.UUID, by: int) -> bool:
    """Let the planner look again if a venue's own side has made four times as many records here; return whether.

    Who writes over the API is no run that counts, so each process counts for itself: several of them look a little
    later than one would, and none has anybody to ask.
    """
    with _counting:
        if len(_made) >= _MOST_VENUES:
            _made.clear()
        before = _made[venue]
        _made[venue] += by
    return look_again(before, before + by)


def _times(rows: int) -> int:
    """Return how often it has looked by then: at 512, 2,048, 8,192 and so on."""
    return max(rows, _FEW - 1).bit_length() // 2
