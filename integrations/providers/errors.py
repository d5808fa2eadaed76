"""What can go wrong at a provider, named by what happens next.

ProviderError
├── Transient              5xx, timeout, network, unreadable answer -> queued again with backoff
│   └── RateLimited        asked to slow down -> queued again at that time; uses up no attempt
│       ├── AllowanceUsedUp  our application's own allowance is gone -> the same, and our alarm
│       └── Resting          it did not answer several times -> left alone for a while; uses up no attempt
├── CursorExpired          the provider forgot our place -> read again from the bookmark
├── BookmarkExpired        the provider no longer remembers back to our bookmark -> everything is read again
├── AuthExpired            the access token is over -> refreshed once, the request repeated
├── AuthRevoked            the grant is gone -> the connection needs its owner
├── PermissionMissing      one permission is missing -> that object pauses
├── Conflict               changed there since we looked -> read again, merge again
├── Duplicate              it exists already -> adopt the existing one
├── Invalid                this record was refused -> a problem on its link
├── Settled                the provider will never do this for this person -> an outcome, not a failure
├── NotFound               gone there -> confirmed once, then treated as deleted
├── AccountBlocked         the account is restricted -> the connection pauses, the owner is told
└── Misconfigured          our own credentials or code -> our alarm, no blame on the venue
"""

from datetime import datetime
from enum import StrEnum


class ErrorClass(StrEnum):
    """The eleven classes that pages, API, metrics and the queue share."""

    AUTH = "auth"
    PERMISSION = "permission"
    MISSING_VALUE = "missing_value"
    INVALID_VALUE = "invalid_value"
    DUPLICATE = "duplicate"
    NOT_FOUND = "not_found"
    RATE_LIMIT = "rate_limit"
    PROVIDER_DOWN = "provider_down"
    CONFLICT = "conflict"
    BLOCKED = "blocked"
    OURS = "ours"


class ProviderError(Exception):
    """Something a provider said or did. `code` is the provider's own word for it, `status` its HTTP status."""

    error_class = ErrorClass.OURS

    def __init__(self, message: str = "", *, code: str = "", status: int | None = None) -> None:
        super().__init__(message or code or type(self).__name__)
        self.code = code
        self.status = status


class Transient(ProviderError):
    """No usable answer this time; the same request may work later."""

    error_class = ErrorClass.PROVIDER_DOWN


class RateLimited(Transient):
    """Too many requests. `retry_after` is in seconds, None when the provider did not say."""

    error_class = ErrorClass.RATE_LIMIT

    def __init__(
        self, message: str = "", *, retry_after: float | None = None, code: str = "", status: int | None = None
    ) -> None:
        super().__init__(message, code=code, status=status)
        self.retry_after = retry_after


class AllowanceUsedUp(RateLimited):
    """What our application may use over all venues is used up; no venue is to blame, and the operator has to know."""


class Resting(RateLimited):
    """The provider did not answer several times; nobody calls it before `retry_after`, then one worker asks."""

    error_class = ErrorClass.PROVIDER_DOWN


class CursorExpired(ProviderError):
    """The page cursor is no longer known; read again from the bookmark."""

    error_class = ErrorClass.PROVIDER_DOWN


class BookmarkExpired(ProviderError):
    """Changes since the bookmark can no longer be told; everything has to be read again. The message says why."""

    error_class = ErrorClass.PROVIDER_DOWN


class AuthExpired(ProviderError):
    """The access token is over; a refresh may help."""

    error_class = ErrorClass.AUTH


class AuthRevoked(ProviderError):
    """The grant or key is no longer accepted; only the owner can help."""

    error_class = ErrorClass.AUTH


class PermissionMissing(ProviderError):
    """The grant lacks a permission. `scope` is the provider's name of it, empty when it did not say."""

    error_class = ErrorClass.PERMISSION

    def __init__(self, message: str = "", *, scope: str = "", code: str = "", status: int | None = None) -> None:
        super().__init__(message, code=code, status=status)
        self.scope = scope


class Conflict(ProviderError):
    """The object changed at the provider since it was read."""

    error_class = ErrorClass.CONFLICT


class Duplicate(ProviderError):
    """The provider has this object already; `external_id` where it says which."""

    error_class = ErrorClass.DUPLICATE

    def __init__(self, message: str = "", *, external_id: str = "", code: str = "", status: int | None = None) -> None:
        super().__init__(message, code=code, status=status)
        self.external_id = external_id


class Invalid(ProviderError):
    """The provider refused a value. `field` is the provider's path of it."""

    error_class = ErrorClass.INVALID_VALUE

    def __init__(self, message: str = "", *, field: str = "", code: str = "", status: int | None = None) -> None:
        super().__init__(message, code=code, status=status)
        self.field = field


class Settled(ProviderError):
    """The provider protects this person, or what was settled, from the change for good; asking again is of no use."""

    error_class = ErrorClass.INVALID_VALUE


class NotFound(ProviderError):
    """The object is not there (any more)."""

    error_class = ErrorClass.NOT_FOUND


class AccountBlocked(ProviderError):
    """The provider restricted the account: plan, billing or compliance."""

    error_class = ErrorClass.BLOCKED


class Misconfigured(ProviderError):
    """Our application's credentials, or a request of ours that can never work."""


class BadRecord(Exception):
    """A record whose shape cannot be read; it alone is set aside. `at` is when it was met."""

    def __init__(self, message: str, *, at: datetime | None = None) -> None:
        super().__init__(message)
        self.at = at
