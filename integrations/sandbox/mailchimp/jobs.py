"""What a batch of operations is while it waits, runs and is done."""

from __future__ import annotations

from dataclasses import dataclass, field

from integrations.sandbox.generation import Document


@dataclass
class Batch:
    id: str
    submitted_at: str
    operations: list[Document]
    status: str = "pending"
    finished: int = 0
    errored: int = 0
    completed_at: str = ""
    results: list[Document] = field(default_factory=list)
    archive: bytes = b""

    @property
    def is_done(self) -> bool:
        return self.status == "finished"
