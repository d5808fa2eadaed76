"""Believable answers about a connection's health, for the API's description."""

from typing import Any

_ID = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
_SEE = {"code": "history", "label": "See what happened", "method": "GET", "href": "/integrations/square/history/"}
_LATE = {
    "check": "freshness", "result": "warning",
    "sentence": "The last sync that succeeded ended 2 hours ago; one is due every 15 minutes. Nothing is lost.",
    "evidence": {
        "last_success_at": "2026-11-22T16:30:00Z", "next_run_at": "2026-11-22T18:41:00Z", "interval_minutes": 15,
        "objects": [{"object": "customer", "last_success_at": "2026-11-22T16:30:00Z"}],
    },
    "fix": _SEE,
}  # fmt: skip
_QUEUE = {
    "check": "queue", "result": "ok", "sentence": "1 waiting.",
    "evidence": {
        "waiting": 1, "running": 0, "silent": 0, "oldest_ready_at": "2026-11-22T18:29:40Z", "given_up_syncs": 0,
        "given_up_events": 0, "causes": [],
    },
    "fix": None,
}  # fmt: skip
_OF_SQUARE: dict[str, Any] = {"provider": "square", "as_of": "2026-11-22T18:30:00Z"}
LATE = _OF_SQUARE | {
    "connection": _ID, "status": "needs_attention", "status_label": "Needs attention",
    "message": "2 syncs were missed: the last one finished 2 hours ago. Nothing is lost.",
    "action": _SEE,
    "grade": "late", "grade_label": "Late", "reasons": [_LATE], "checks": [_LATE, _QUEUE],
}  # fmt: skip
NOT_CONNECTED = _OF_SQUARE | {
    "connection": None, "status": "disconnected", "status_label": "Not connected",
    "message": "Connect to bring in customers, sales, refunds and payouts from your tills.",
    "action": {"code": "connect", "label": "Connect", "method": "GET", "href": "/integrations/square/connect/"},
    "grade": None, "grade_label": None, "reasons": [], "checks": [],
}  # fmt: skip
METRICS = _OF_SQUARE | {
    "period": "24h", "since": "2026-11-21T18:30:00Z",
    "runs": {"total": 96, "succeeded": 94, "partly_succeeded": 1, "failed": 1, "stopped": 0, "running": 0},
    "success_rate": 0.9896,
    "records": {
        "read": 420, "created": 12, "updated": 31, "unchanged": 374, "deleted": 1, "left_out": 1, "failed": 1,
    },
    "latency_ms": {"p50": 610, "p95": 2400, "p99": 5200},
    "webhooks": {
        "events": 57, "given_up": 0, "delivery_lag_ms": {"p50": 900, "p95": 2100},
        "work_lag_ms": {"p50": 400, "p95": 1800},
    },
    "errors": {"provider_down": 1}, "calls": {"api": 318}, "calls_total": 318, "amounts": {"USD": "0.000000"},
}  # fmt: skip
TESTED = {
    "provider": "square", "connection": _ID, "tested_at": "2026-11-22T18:30:00Z", "took_ms": 240, "passed": False,
    "steps": [
        {"step": "access_stored", "result": "passed", "sentence": "Our access to Square is stored."},
        {"step": "access_accepted", "result": "passed", "sentence": "Square accepts it."},
        {"step": "right_account", "result": "passed", "sentence": "It opens “The Lantern Room”."},
        {
            "step": "permissions", "result": "failed",
            "sentence": "Square does not allow us to sync orders. It needs the permission “See your orders”.",
        },
    ],
}  # fmt: skip
