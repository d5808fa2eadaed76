"""When a provider that does not answer is left alone, and who asks first whether it is back.

After some calls of an account without an answer nobody calls for it until a rest is over; then one worker does, and
what it hears decides for all. When several accounts of one provider are silent, the provider rests for every account.
The state is in Redis, so that all workers know it; while Redis is away every call is made.
"""

import logging
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

import redis
from django.conf import settings
from redis.commands.core import Script

from integrations.providers import PROVIDERS
from integrations.providers.errors import Resting
from integrations.providers.http import TOTAL_SECONDS
from integrations.shared import store

logger = logging.getLogger(__name__)

# Whether a call may be made now: seconds to wait, 0 for yes, and whether anything is amiss. Who may ask whether a
# silent provider is back holds the probe; the others come again soon.
_ASK = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
local wait, amiss = 0, 0
for _, key in ipairs(KEYS) do
    local state = redis.call('HMGET', key, 'until', 'probe', 'silent')
    local rests, probe = tonumber(state[1]), tonumber(state[2]) or 0
    if rests or state[3] then amiss = 1 end
    if rests and rests > now then wait = math.max(wait, rests - now)
    elseif rests and probe > now then wait = math.max(wait, math.min(probe - now, 1)) end
end
if wait == 0 and amiss == 1 then
    for _, key in ipairs(KEYS) do
        if redis.call('HEXISTS', key, 'until') == 1 then redis.call('HSET', key, 'probe', now + ARGV[1]) end
    end
end
return {tostring(wait), amiss}
"""
# A call had no answer. KEYS: the account, the provider, the provider's silent accounts. Returns whether it rests now.
_SILENT = """
local now = redis.call('TIME'); now = now[1] + now[2] / 1e6
local after, rest, accounts = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local function rests(key)
    redis.call('HSET', key, 'until', now + rest)
    redis.call('HSETNX', key, 'since', now)
    redis.call('HDEL', key, 'probe')
    redis.call('EXPIRE', key, 3600)
end
local silent = redis.call('HINCRBY', KEYS[1], 'silent', 1)
redis.call('EXPIRE', KEYS[1], 60)
if silent < after and redis.call('HEXISTS', KEYS[1], 'until') == 0 then return 0 end
rests(KEYS[1])
redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now)
redis.call('ZADD', KEYS[3], now + rest * 2, ARGV[4])
redis.call('EXPIRE', KEYS[3], 3600)
if redis.call('ZCARD', KEYS[3]) >= accounts then rests(KEYS[2]) end
return 1
"""
_HEARD = """
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('ZREM', KEYS[3], ARGV[1])
"""
_ask, _silent, _heard = (store.register_script(script) for script in (_ASK, _SILENT, _HEARD))
_KNOWN_SECONDS = 1.0  # so long a process trusts that all is well before it asks again
_PROBE_SECONDS = TOTAL_SECONDS + 10


class Breaker:
    """The breaker of one account and of its provider."""

    def __init__(self, provider: str, account_id: str) -> None:
        self._provider, self._account = provider, account_id
        self._keys = [_key("account", provider, account_id), _key("provider", provider)]
        self._crowd = _key("silent", provider)
        self._lock = threading.Lock()
        self._well_until = 0.0
        self._amiss = False

    def check(self) -> None:
        """Return when a call may be made. Raises Resting, with the seconds until then, when it may not."""
        with self._lock:
            now = time.monotonic()
            if now < self._well_until:
                return
            answer: Any = self._asked(_ask, self._keys, [_PROBE_SECONDS])
            if answer is None:
                return
            seconds, amiss = float(answer[0]), bool(answer[1])
            self._amiss = amiss
            self._well_until = 0.0 if amiss else now + _KNOWN_SECONDS
        if seconds > 0:
            raise Resting("It did not answer several times; it is left alone for a while.", retry_after=seconds)

    def silent(self) -> None:
        """Note that a call had no usable answer."""
        with self._lock:
            self._amiss, self._well_until = True, 0.0
            asked = [settings.BREAKER_AFTER, settings.BREAKER_REST.total_seconds(), settings.BREAKER_ACCOUNTS]
            rests = self._asked(_silent, [*self._keys, self._crowd], [*asked, self._account])
        if rests:
            logger.warning("breaker.open", extra={"provider": self._provider, "account": self._account})

    def heard(self) -> None:
        """Note an answer, whatever it says: somebody is there."""
        if not self._amiss:
            return
        with self._lock:
            self._asked(_heard, [*self._keys, self._crowd], [self._account])
            self._amiss = False

    def _asked(self, script: Script, keys: list[str], args: list[str | float]) -> Any:
        """Return what the script answers, None while Redis is away."""
        if store.is_left_alone:
            return None
        try:
            return script(keys=keys, args=args)
        except redis.RedisError:
            store.leave_alone("breaker")
            return None


class Standing(NamedTuple):
    """How a breaker stands: `closed`, `open` until a time, or `half-open` while somebody asks."""

    state: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProviderStanding:
    """How a provider's breaker stands, and those of its accounts that are not closed."""

    provider: str
    whole: Standing
    accounts: dict[str, Standing]


def standing() -> list[ProviderStanding] | None:
    """Return how every provider's breakers stand, None while Redis is away. One question for each provider."""
    try:
        return [_standing(key) for key in PROVIDERS]
    except redis.RedisError:
        return None


def reset(provider: str, account_id: str = "") -> None:
    """Let calls be made again at once: of one account, or of the provider with all its accounts.

    Raises redis.RedisError while Redis is away.
    """
    accounts = [account_id] if account_id else _silent_accounts(provider)
    for account in accounts:
        _heard(keys=[_key("account", provider, account), _key("provider", provider), _key("silent", provider)],
               args=[account])  # fmt: skip
    store.delete(_key("provider", provider))


def _standing(provider: str) -> ProviderStanding:
    accounts = {each: _read(_key("account", provider, each)) for each in _silent_accounts(provider)}
    whole = _read(_key("provider", provider))
    return ProviderStanding(provider, whole, {name: each for name, each in accounts.items() if each.state != "closed"})


def _silent_accounts(provider: str) -> list[str]:
    found: list[bytes] = store.zrange(_key("silent", provider), 0, 99)  # type: ignore[assignment]
    return [each.decode() for each in found]


def _read(key: str) -> Standing:
    since, until = store.hmget(key, ["since", "until"])
    if until is None:
        return Standing("closed")
    ends = datetime.fromtimestamp(float(until), UTC)
    began = datetime.fromtimestamp(float(since), UTC) if since else None
    return Standing("open" if ends > datetime.now(UTC) else "half-open", began, ends)


def _key(kind: str, provider: str, account: str = "") -> str:
    place = settings.SANDBOX_URL or "live"
    return ":".join(filter(None, ("backline:breaker-" + kind, place, provider, account)))
