"""What happened to a record of a company, as webhooks tell it."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """`moment` is in milliseconds, `local` the same in the company's time, with an offset without a colon."""

    realm: str
    entity: str
    record_id: str
    operation: str
    moment: int
    local: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
