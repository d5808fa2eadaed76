"""Believable answers about connections, for the API's description."""

from typing import Any

_ACCOUNT = {"id": "MLEFBHHSJGVHD", "name": "Lantern Room Ltd"}
_SCOPES = ["MERCHANT_PROFILE_READ", "CUSTOMERS_READ", "ORDERS_READ"]
ACCESS: dict[str, Any] = {
    "method": "oauth", "present": True, "obtained_at": "2026-11-22T18:30:00Z",
    "access_expires_at": "2026-12-22T18:30:00Z", "refresh_expires_at": None, "refresh_ends_at": None, "key": None,
}  # fmt: skip
BY_KEY: dict[str, Any] = {
    "connection": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77", "provider": "square", "status": "connected",
    "connected_at": "2026-11-22T18:30:00Z", "account": _ACCOUNT, "scopes": _SCOPES,
    "access": ACCESS | {
        "method": "api_key", "access_expires_at": None, "key": {"last4": "x7Qe", "fingerprint": "9f2c51d07ab3"},
    },
}  # fmt: skip
KEY_CHECKED: dict[str, Any] = {"valid": True, "account": _ACCOUNT, "scopes": _SCOPES}
DISCONNECTED: dict[str, Any] = {
    "steps": [
        {"step": "stop_syncs", "result": "done", "detail": "Running syncs stop at their next page."},
        {
            "step": "remove_webhooks",
            "result": "skipped",
            "detail": "Nothing was registered there for this connection alone.",
        },
        {"step": "revoke", "result": "done", "detail": "Square ended our access."},
        {"step": "destroy_access", "result": "done", "detail": "Our stored access was destroyed."},
    ]
}
RECONNECTED = {"reconnected": True}
