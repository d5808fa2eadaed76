"""Believable answers about a venue's integrations, for the API's description."""

from typing import Any

from connections.examples import ACCESS

CARD: dict[str, Any] = {
    "provider": "square",
    "name": "Square",
    "status": "connected",
    "status_label": "Connected",
    "tone": "success",
    "since": "2026-11-03T10:02:11Z",
    "message": "Last sync 4 minutes ago · 1,284 customers, 96 products up to date",
    "account": {"label": "Lantern Room Ltd", "id_hint": "MLE…9Q2"},
    "action": {"code": "manage", "label": "Manage", "method": "GET", "href": "/integrations/square/"},
    "last_success_at": "2026-11-22T18:26:00Z",
    "next_run_at": "2026-11-22T18:41:00Z",
    "late": False,
    "test_mode": False,
    "notice": None,
    "counts": {"up_to_date": 1380, "left_out": 0, "failing": 0, "waiting": 0},
    "progress": None,
    "problems": [],
    "objects": [
        {
            "object": "customer", "label": "Customers", "up_to_date": 1284, "left_out": 0, "failing": 0, "waiting": 0,
            "direction": "in",
        }
    ],
    "health": {"success_rate_24h": 1.0, "p95_ms": 5200},
    "links": {"self": "/api/v1/integrations/square/", "page": "/integrations/square/"},
}  # fmt: skip
_HEAD: dict[str, Any] = {
    "venue": {
        "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "slug": "lantern-room", "name": "The Lantern Room",
        "timezone": "Europe/London",
    },
    "summary": {
        "text": "Everything is up to date.", "needs_you": 0, "syncing": 0, "connected": 1, "not_connected": 0
    },
    "poll_after_seconds": 60,
}  # fmt: skip
WIDGET = _HEAD | {"integrations": [CARD]}
_ROW = CARD | {
    "category": "Tills and payments", "benefit": "Bring in customers, sales, refunds and payouts from your tills.",
    "methods": ["oauth", "api_key"], "capabilities": [{"object": "customer", "directions": ["in"]}],
    "connection": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e79",
    "external_account": {"id": "MLEFBHHSJGVHD", "name": "Lantern Room Ltd"},
    "scopes": {"granted": ["CUSTOMERS_READ", "ORDERS_READ"], "missing": ["PAYOUTS_READ"]}, "access": ACCESS,
}  # fmt: skip
LIST = _HEAD | {"integrations": [_ROW]}
IN_FULL = _ROW | {
    "venue": _HEAD["venue"],
    "permissions": [
        {"name": "CUSTOMERS_READ", "label": "See your customers", "reason": "To bring them in.", "granted": True}
    ],
    "history": [
        {"at": "2026-11-03T10:02:11Z", "event": "connected", "by": "mia@example.test", "detail": "Lantern Room Ltd"}
    ],
    "schedule": {
        "interval_minutes": 15,
        "objects": [
            {
                "object": "customer", "last_succeeded_at": "2026-11-22T18:26:00Z",
                "last_full_at": "2026-11-03T10:04:00Z", "next_run_at": "2026-11-22T18:41:00Z",
            }
        ],
    },
    "settings": {
        "directions": {"customer": "in", "order": "in"}, "chosen": {"location": ["L9A2B7C4"]}, "begin": "2026-01-01",
        "template": "", "paused": False, "paused_until": None, "pause_reason": "",
    },
    "who_wins": {"customer": "newest", "order": "theirs"},
    "webhooks": [
        {
            "url": "https://backline.example/api/v1/integrations/webhooks/square/…", "active": True,
            "events": ["customer.created", "customer.updated"], "created_at": "2026-11-03T10:02:14Z",
            "last_received_at": "2026-11-22T18:29:59Z", "problem": "",
        }
    ],
}  # fmt: skip
