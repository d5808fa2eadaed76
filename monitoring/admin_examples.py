"""Believable answers to our team's questions, for the API's description."""

_ID = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
VENUES = {
    "as_of": "2026-11-22T18:30:00Z", "spend_since": "2026-11-01", "next_cursor": "WyJUaGUgTGFudGVybiBSb29tIl0",
    "results": [
        {
            "venue": {"id": _ID, "slug": "lantern-room", "name": "The Lantern Room"}, "provider": "square",
            "connection": _ID, "status": "connected", "status_label": "Connected", "lag_seconds": 240,
            "dead_letters": 0, "spend": {"calls": 18_220, "amounts": {"USD": "0.000000"}},
            "last_error": {"class": "provider_down", "at": "2026-11-20T03:15:00Z"},
        }
    ],
}  # fmt: skip
VENUES_CSV = (
    "venue,venue_name,provider,status,lag_seconds,dead_letters,calls,amount,last_error_class,last_error_at\r\n"
    "lantern-room,The Lantern Room,square,connected,240,0,18220,0.000000 USD,,\r\n"
)
_CAUSE = {
    "cause": "5f0c9b8e77a14b0f9d2e5a1f0c9b8e77", "provider": "quickbooks", "error_class": "invalid_value",
    "code": "2500", "field": "TaxCodeRef", "sentence": "QuickBooks did not accept “TaxCodeRef”.", "size": 19, "jobs": 0,
    "events": 0, "records": 19, "venues": 3, "first_at": "2026-11-22T09:57:00Z", "last_at": "2026-11-22T10:40:00Z",
}  # fmt: skip
SUMMARY = {
    "as_of": "2026-11-22T18:30:00Z",
    "platform": {
        "database": {"up": True, "answered_in_ms": 0.41},
        "broker": {"up": True, "answered_in_ms": 0.22},
        "workers": {
            "seen_lately": 2, "last_seen_at": "2026-11-22T18:29:57Z", "queues": ["syncs", "webhooks"], "working": 1,
        },
        "beat": {"seen_lately": True, "last_seen_at": "2026-11-22T18:28:40Z"},
    },
    "providers": [
        {
            "provider": "square", "up": True, "breaker": "closed", "breaker_since": None, "accounts_left_alone": 0,
            "runs": 420, "error_rate": 0.0024, "p50_ms": 610, "p95_ms": 2400,
        }
    ],
    "connections": {
        "disconnected": 1, "reauthorise": 1, "paused": 0, "syncing": 1, "needs_attention": 2, "connected": 11,
    },
    "top_causes": [_CAUSE],
}  # fmt: skip
_COST = {
    "key": "quickbooks", "label": "QuickBooks", "calls": {"coreplus": 61_000, "core": 820}, "calls_total": 61_820,
    "runs": 60_100, "records": 15_400, "amounts": {"USD": "0.000000"}, "calls_per_record": 4.0143,
    "amounts_per_record": {"USD": "0.000000"},
    "before": {"calls_total": 58_800, "records": 14_100, "runs": 57_600, "amounts": {"USD": "0.000000"}},
}  # fmt: skip
COSTS = {
    "as_of": "2026-11-22T18:30:00Z", "from": "2026-11-01", "to": "2026-11-22", "group": "provider",
    "compared_with": {"from": "2026-10-10", "to": "2026-10-31"}, "results": [_COST],
    "total": _COST | {"key": "total", "label": "Total"},
    "projection": {
        "month": "2026-11", "share_gone": 0.7257, "calls_so_far": {"coreplus": 61_000, "core": 820},
        "calls": {"coreplus": 84_057, "core": 1_130}, "amounts_so_far": {"USD": "0.000000"},
        "amounts": {"USD": "0.000000"},
    },
    "quotas": [
        {
            "provider": "quickbooks", "call_class": "coreplus", "allowed": 500_000, "used": 61_000, "left": 439_000,
            "projected": 84_057, "used_up_on": None, "begins_anew_on": "2026-12-01",
        }
    ],
}  # fmt: skip
COSTS_CSV = (
    "key,label,runs,records,calls,calls_by_class,amount,calls_before,amount_before\r\n"
    "quickbooks,QuickBooks,60100,15400,61820,coreplus=61000 core=820,0.000000 USD,,\r\n"
)
QUEUE = {
    "as_of": "2026-11-22T18:30:00Z",
    "results": [
        {
            "queue": "syncs", "priority": "normal", "provider": "square", "depth": 12, "ready": 10,
            "oldest_age_seconds": 38.0, "running": 2, "throughput_1h": 420, "wait_p50_seconds": 0.4,
            "wait_p95_seconds": 3.1, "retrying": 1, "retried_1h": 3, "dead": 2, "dead_in_1h": 0, "dead_out_1h": 1,
        }
    ],
}  # fmt: skip
EXPOSITION = (
    "# HELP backline_queue_depth Pieces of work that wait.\n# TYPE backline_queue_depth gauge\n"
    'backline_queue_depth{queue="syncs",priority="normal",provider="square"} 12\n'
)
