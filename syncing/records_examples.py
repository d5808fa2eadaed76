"""Examples of the records routes, for the API's own description."""

from typing import Any

_ID = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e80"
RECORD: dict[str, Any] = {
    "id": _ID,
    "object": "customer",
    "key": "member-1042",
    "version": 3,
    "fields": {"given_name": "Zoë", "family_name": "Hart", "email": "zoe@example.test", "phone": "+442079460958"},
    "changed_at": "2026-11-22T18:30:00Z",
    "deleted": False,
    "links": [
        {
            "provider": "square", "external_id": "7SNB0QDGHJ2P", "state": "in_step", "state_label": "Up to date",
            "problem": None,
        }
    ],
}  # fmt: skip
PAGE: dict[str, Any] = {"next": None, "previous": None, "results": [RECORD]}
WRITTEN: dict[str, Any] = {
    "counts": {"created": 0, "updated": 1, "unchanged": 0, "refused": 1},
    "results": [
        {"outcome": "updated", "id": _ID, "key": "member-1042", "version": 3, "errors": []},
        {
            "outcome": "refused", "id": None, "key": "member-1043", "version": None,
            "errors": [
                {
                    "pointer": "/fields/email", "code": "invalid",
                    "detail": "“zoe at example” is not an e-mail address.",
                }
            ],
        },
    ],
}  # fmt: skip
