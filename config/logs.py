"""How events are written: one line each, as JSON or for a terminal, never with a secret in them."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# Names under which a secret could arrive in an event; their values never reach the line.
_SECRET_NAMES = re.compile(r"token|secret|password|authorization|api_key|cookie|verifier|ciphertext", re.IGNORECASE)
_SECRET_VALUES = re.compile(r"(Bearer\s+|Client\s+|bkl_|EAAA|sq0[a-z]{3}-|rk_|sk_|whsec_)[A-Za-z0-9_\-\.=]{6,}")


def redact(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Return the event with the values of secret-looking names, and secret-looking values, masked."""
    for name, value in event.items():
        if _SECRET_NAMES.search(name) and name != "task_name":
            event[name] = "[hidden]"
        elif isinstance(value, str):
            event[name] = _SECRET_VALUES.sub(r"\1[hidden]", value)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def configure() -> None:
    """Let structlog's own loggers and the standard library's write through the same chain."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.processors.format_exc_info,
            redact,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def settings(line: str, level: str) -> dict[str, Any]:
    """Return Django's LOGGING: everything to standard error, `line` is "json" or "console"."""
    renderer = structlog.processors.JSONRenderer() if line == "json" else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    structlog.processors.format_exc_info,
                    redact,
                    renderer,
                ],
                "foreign_pre_chain": _SHARED,
            },
        },
        # The level stands here too: a logger with one of its own would pass over that of the root.
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "level": level}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django_structlog": {"level": "WARNING"},
            "django.server": {"level": "WARNING"},
            "celery": {"level": "WARNING"},
            "urllib3": {"level": "WARNING"},
        },
    }


def report_to_sentry(dsn: str, environment: str) -> None:
    """Send crashes to Sentry, without request bodies, local variables or people's addresses."""
    import sentry_sdk  # noqa: PLC0415 - loaded only where it is used: 12 MB a process

    sentry_sdk.init(
        dsn=dsn,
        environment=environment,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
    )
