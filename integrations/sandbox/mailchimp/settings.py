"""How the double behaves: the settings of its control plane, and which wishes make sense."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

_OPTIONAL = {"page_size", "rate_per_second", "connections", "metadata_dc"}
_LEAST = {"page_size": 1, "connections": 1}


@dataclass(frozen=True)
class Settings:
    """`connections` is how many calls of one user may be under way at once; null switches a limit off."""

    page_size: int | None = None
    lag_seconds: float = 0
    latency_ms: float = 0
    rate_per_second: float | None = None
    connections: int | None = 10
    blank_403: bool = False
    empty_errors: bool = False
    metadata_dc: str | None = None
    sign_webhooks: bool = True
    tags_touch_members: bool = True
    code_seconds: float = 30
    batch_ms: float = 50

    def changed(self, wishes: dict[str, Any]) -> Settings:
        """New settings; ValueError with a plain sentence when a wish makes no sense."""
        for name, value in wishes.items():
            if name not in asdict(self):
                raise ValueError(f"unknown setting {name!r}; known are {', '.join(asdict(self))}")
            if not (value is None and name in _OPTIONAL):
                _check(name, value, getattr(Settings, name))
        return replace(self, **wishes)


def _check(name: str, value: Any, default: Any) -> None:
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise ValueError(f"setting {name} must be true or false")
    elif name == "metadata_dc":
        if not isinstance(value, str):
            raise ValueError("setting metadata_dc must be the text that metadata shall give as dc, or null")
    elif isinstance(value, bool) or not isinstance(value, int | float) or value < _LEAST.get(name, 0):
        raise ValueError(f"setting {name} must be a number from {_LEAST.get(name, 0)} up")
    elif name in ("page_size", "connections") and not isinstance(value, int):
        raise ValueError(f"setting {name} must be a whole number")
