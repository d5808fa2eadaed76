"""How many requests a caller may still send in this minute, counted for all web processes together in Redis.

Without Redis everybody is let in: a limit that cannot be counted is not worth a refusal.
"""

from dataclasses import dataclass

import redis
from django.conf import settings

from integrations.shared import store

SECONDS = 60
# One round trip counts the request under each of its limits; a minute begins with the first request in it.
_COUNT = """
local told = {}
for _, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  if count == 1 then redis.call('PEXPIRE', key, ARGV[1]) end
  told[#told + 1] = count
  told[#told + 1] = redis.call('PTTL', key)
end
return told
"""
_count = store.register_script(_COUNT)


@dataclass(frozen=True)
class Policy:
    """A limit by its name: how many in a minute."""

    name: str
    most: int


@dataclass(frozen=True)
class Quota:
    """What is left of a limit, and in how many seconds all of it will be there again."""

    policy: Policy
    left: int
    seconds: int
    is_over: bool


@dataclass(frozen=True)
class Allowance:
    """What a request was counted under; empty where nothing could be counted."""

    quotas: tuple[Quota, ...]

    @property
    def over(self) -> Quota | None:
        """Return the limit that this request goes beyond, None where it may go on."""
        return next((each for each in self.quotas if each.is_over), None)

    def headers(self) -> dict[str, str]:
        """Return `RateLimit-Policy`, and `RateLimit` where it was counted (draft-ietf-httpapi-ratelimit-headers)."""
        told = {"RateLimit-Policy": ", ".join(f'"{each.name}";q={each.most};w={SECONDS}' for each in policies())}
        if self.quotas:
            told["RateLimit"] = ", ".join(
                f'"{each.policy.name}";r={each.left};t={each.seconds}' for each in self.quotas
            )
        return told


def policies() -> tuple[Policy, Policy]:
    """Return the limit of all requests, and the narrower one of those that change something."""
    return (
        Policy("requests", settings.API_REQUESTS_PER_MINUTE),
        Policy("writes", settings.API_WRITES_PER_MINUTE),
    )


def take(caller: str, *, is_write: bool) -> Allowance:
    """Count a request of this caller and return what is left."""
    counted = policies() if is_write else policies()[:1]
    if store.is_left_alone:
        return Allowance(())
    try:
        keys = [f"backline:api:{caller}:{each.name}" for each in counted]
        told = _count(keys=keys, args=[SECONDS * 1000], client=store)
    except redis.RedisError:
        store.leave_alone("api_limit")
        return Allowance(())
    pairs = zip(counted, told[::2], told[1::2], strict=True)
    return Allowance(tuple(_quota(policy, int(count), int(ends)) for policy, count, ends in pairs))


def _quota(policy: Policy, count: int, ends_in: int) -> Quota:
    """Return a quota from the count and the milliseconds until it begins anew."""
    return Quota(policy, max(0, policy.most - count), max(1, -(-ends_in // 1000)), is_over=count > policy.most)
