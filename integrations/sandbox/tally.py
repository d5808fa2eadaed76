"""What became of the deliveries of one provider: counts of all, and the last ones in full."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from integrations.sandbox.mail import Answer, Letter

KEPT = 1_000


@dataclass
class Tally:
    """Counts of notices: announced = acknowledged + given_up + dropped + pending. Counts of POSTs: `posts` and below.

    Forged deliveries are in no count but their own two.
    """

    announced: int = 0
    acknowledged: int = 0
    given_up: int = 0
    dropped: int = 0
    duplicated: int = 0
    delayed: int = 0
    posts: int = 0
    delivered: int = 0
    retried: int = 0
    forged: int = 0
    forged_accepted: int = 0
    last: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))

    @property
    def pending(self) -> int:
        return self.announced - self.acknowledged - self.given_up - self.dropped

    def note(self, letter: Letter, answer: Answer, *, url: str, at: str, is_taken: bool) -> None:
        """Count a POST that was made; delivered are those that were answered, whatever the answer was."""
        if letter.forgery is not None:
            self.forged += 1
            self.forged_accepted += is_taken
        else:
            self.posts += 1
            self.delivered += answer.status is not None
            self.retried += letter.tries > 1
        self.last.append(
            {
                "at": at, "url": url, "events": [notice.id for notice in letter.notices],
                "types": [notice.kind for notice in letter.notices], "try": letter.tries, "status": answer.status,
                "problem": answer.problem or None, "forgery": letter.forgery,
                "is_copy": all(notice.is_copy for notice in letter.notices),
            }
        )  # fmt: skip

    def counts(self) -> dict[str, int]:
        shown = {name: value for name, value in vars(self).items() if name != "last"}
        return shown | {"pending": self.pending}
