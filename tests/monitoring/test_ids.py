"""Ids sort by the time they were made, so that their index finds what was made since a moment."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from integrations.ids import first_of, uuid7


def test_the_first_id_of_a_moment_divides_what_was_made_before_and_since() -> None:
    now = datetime.now(UTC)
    assert first_of(now - timedelta(seconds=1)) < uuid7() < first_of(now + timedelta(seconds=60))
    assert first_of(datetime(2026, 11, 22, 18, 30, tzinfo=UTC)) == UUID("01a20485-b040-7000-8000-000000000000")
