"""Believable answers about syncs that wait, run and ended, for the API's description."""

from typing import Any

_RUN = "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e77"
_DOWN = {"class": "provider_down", "code": "503", "sentence": "Square is not answering."}
_JOB: dict[str, Any] = {
    "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e78", "run": _RUN, "object": "customer", "status": "running",
    "mode": "incremental", "trigger": "owner", "queued_at": "2026-11-22T18:30:00Z",
}  # fmt: skip
_RUNNING: dict[str, Any] = _JOB | {
    "reference": "8F3K-2Q", "started_at": "2026-11-22T18:30:01Z", "finished_at": None, "done": 620, "total": 1900,
    "rate_per_second": 41.5, "eta_seconds": 31, "heartbeat_age_seconds": 1, "stopping": False,
}  # fmt: skip
_WAITING: dict[str, Any] = _JOB | {
    "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e79", "object": "order", "status": "queued",
    "not_before": "2026-11-22T18:31:00Z", "attempts": 1, "error": _DOWN,
}  # fmt: skip
_COUNTS = {"read": 7, "created": 2, "updated": 1, "unchanged": 4, "deleted": 0, "left_out": 0, "failed": 0}
_ATTEMPT: dict[str, Any] = {
    "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e7a", "reference": "8F3K-2Q", "run": _RUN, "object": "customer",
    "label": "Customers", "direction": "in", "mode": "incremental", "trigger": "schedule",
    "trigger_label": "the schedule", "actor": None, "outcome": "succeeded", "outcome_label": "Succeeded",
    "started_at": "2026-11-22T18:15:00Z", "finished_at": "2026-11-22T18:15:04Z", "duration_seconds": 4.1, "total": 7,
    "counts": _COUNTS, "calls": 2, "bytes_in": 4210, "error": None,
}  # fmt: skip
_FAILED = _ATTEMPT | {
    "outcome": "failed", "outcome_label": "Failed", "counts": dict.fromkeys(_COUNTS, 0), "total": None, "error": _DOWN,
}  # fmt: skip
_STREAM = {
    "object": "customer", "label": "Customers", "direction": "in", "last_succeeded_at": "2026-11-22T18:15:04Z",
    "age_seconds": 896, "last_full_at": "2026-11-03T10:04:00Z", "next_run_at": "2026-11-22T18:30:00Z",
}  # fmt: skip
STATUS: dict[str, Any] = {
    "provider": "square", "connected": True, "status": "connected", "running": [_RUNNING], "waiting": [_WAITING],
    "last_succeeded": _ATTEMPT, "last_failed": _FAILED, "streams": [_STREAM], "next_run_at": "2026-11-22T18:30:00Z",
    "backpressure": {"paused": False, "paused_until": None, "provider_asked_to_wait_until": "2026-11-22T18:31:00Z"},
    "poll_after_seconds": 3,
}  # fmt: skip
RUN_STATUS: dict[str, Any] = {
    "run": _RUN, "ended": False, "jobs": [_RUNNING | {"attempts": 1, "error": None}], "poll_after_seconds": 3,
}  # fmt: skip
HISTORY: dict[str, Any] = {"next": None, "previous": None, "results": [_ATTEMPT]}
RUN: dict[str, Any] = {
    "run": _RUN, "outcome": "partly_succeeded", "outcome_label": "Partly succeeded",
    "started_at": "2026-11-22T18:15:00Z", "finished_at": "2026-11-22T18:15:04Z", "counts": _COUNTS | {"failed": 1},
    "attempts": [
        _ATTEMPT
        | {
            "outcome": "partly_succeeded", "outcome_label": "Partly succeeded", "counts": _COUNTS | {"failed": 1},
            "timeline": [{"at": "2026-11-22T18:15:00Z", "event": "started", "detail": ""}],
        }
    ],
    "problem_count": 1,
    "problems": [
        {
            "object": "customer", "external_id": "7SNB0QDGHJ2P", "record": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e80",
            "state": "failing", "state_label": "Failing", "class": "invalid_value", "code": "INVALID_PHONE_NUMBER",
            "field": "phone_number", "sentence": "Square did not accept Phone number “01”.",
            "since": "2026-11-22T18:15:03Z",
        }
    ],
}  # fmt: skip
HISTORY_CSV = (
    "reference,run,object,direction,mode,trigger,actor,outcome,started_at,finished_at,duration_seconds,read,created,"
    "updated,unchanged,deleted,left_out,failed,calls,bytes_in,error_class,error_code,error_sentence\r\n"
    f"8F3K-2Q,{_RUN},customer,in,incremental,schedule,,succeeded,2026-11-22T18:15:00+00:00,2026-11-22T18:15:04+00:00,"
    "4.1,7,2,1,4,0,0,0,2,4210,,,\r\n"
)
NOT_REQUEUED: dict[str, Any] = {
    "requeued": 0, "records": 0, "jobs": [],
    "skipped": [
        {
            "id": "019aaf2e-7c1d-7b3a-9d2e-5a1f0c9b8e7b", "object": "order", "reason": "succeeded_since",
            "detail": "A later sync of the same object succeeded.",
        }
    ],
}  # fmt: skip
