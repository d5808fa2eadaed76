"""Does a connection work at this moment? Tried at the provider, step by step, with the cheapest call that it has.

The call is the one that confirms an account at a connect. Where the provider counts it, the access is renewed instead:
that is free, and the provider does it only for access that it accepts.
"""

import math
import time
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

import redis
from django.utils import timezone

from connections import access, oauth, renewal
from connections.models import Connection, Status
from integrations import catalogue
from integrations.models import IntegrationConfig
from integrations.problems import Problem
from integrations.providers import errors
from integrations.providers.base import Provider
from integrations.providers.types import Account
from integrations.shared import store
from monitoring import needs

DEADLINE = 10.0  # seconds
EVERY = 10.0  # seconds between two trials of a connection


class StepName(StrEnum):
    """What is tried, in this order."""

    STORED = "access_stored"
    ACCEPTED = "access_accepted"
    ACCOUNT = "right_account"
    PERMISSIONS = "permissions"


class StepResult(StrEnum):
    """How a step ended. `unknown` is what a trouble of the moment kept from us, `skipped` what was not asked."""

    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Step:
    """One step, how it ended, and a sentence about it."""

    step: StepName
    result: StepResult
    sentence: str


# What an error of the call says of the access; the first that fits counts.
_SAID: tuple[tuple[type[Exception], StepResult, str], ...] = (
    (errors.AuthRevoked, StepResult.FAILED, "{name} no longer accepts our access."),
    (errors.AuthExpired, StepResult.FAILED, "{name} no longer accepts our access."),
    (errors.AccountBlocked, StepResult.FAILED, "{name} has restricted this account. Sort that out at {website}."),
    (errors.Resting, StepResult.UNKNOWN, "{name} did not answer several times; it is left alone for a moment."),
    (errors.RateLimited, StepResult.UNKNOWN, "{name} asked us to slow down. Try again in a minute."),
    (errors.Transient, StepResult.UNKNOWN, "{name} is not answering. Try again in a minute."),
    (errors.Misconfigured, StepResult.UNKNOWN, "{name} does not accept this server’s application: a fault of ours."),
    (Problem, StepResult.UNKNOWN, "This server is not set up for {name}: a fault of ours."),
    (errors.ProviderError, StepResult.UNKNOWN, "{name} gave an answer that we do not understand: a fault of ours."),
)
_CANNOT_OPEN = "cannot_open"


def take_turn(connection: Connection) -> None:
    """Let a connection be tried once in ten seconds. Raises Problem rate_limited.

    While Redis is away nobody counts; the pace of the account holds all the same.
    """
    key = f"backline:trial:{connection.pk}"
    try:
        if store.set(key, 1, nx=True, px=round(EVERY * 1000)):
            return
        left: int = store.pttl(key)
    except redis.RedisError:
        return
    wait = max(1, math.ceil(left / 1000))
    raise Problem("rate_limited", f"It was tested a moment ago. Ask again in {wait} seconds.", retry_after=wait)


def told(connection: Connection) -> dict[str, Any]:
    """Try a connection and return what was found in the shape of `TrialOutcome`."""
    at, began = timezone.now(), time.monotonic()
    steps = of(connection)
    return {
        "provider": connection.provider,
        "connection": connection.pk,
        "tested_at": at,
        "took_ms": round((time.monotonic() - began) * 1000),
        "passed": has_passed(steps),
        "steps": [asdict(each) for each in steps],
    }


def of(connection: Connection, *, seconds: float = DEADLINE) -> list[Step]:
    """Return the four steps, after `seconds` at most. That the access is gone is noted on the connection."""
    provider = catalogue.provider_or_404(connection.provider)
    if not access.of([connection])[connection.pk]["present"]:
        return _in_full([_not_stored(provider)])
    opened = [_stored(provider), _accepted(provider, connection)]
    try:
        account = renewal.prove(connection, until=time.monotonic() + seconds)
    except errors.PermissionMissing as error:
        return [*opened, _unseen_account(provider), _forbidden(provider, error)]
    except (errors.ProviderError, Problem) as error:
        return _in_full(_refused(provider, error))
    if account is None:
        return [*opened, *_counted(provider, connection)]
    return [*opened, _right_account(provider, connection, account), _permissions(provider, connection, account)]


def has_passed(steps: list[Step]) -> bool:
    """Return whether the provider accepts our access and nothing speaks against it. Pure."""
    return all(each.result in (StepResult.PASSED, StepResult.SKIPPED) for each in steps)


# --- the steps --------------------------------------------------------------------------------------------------------


def _stored(provider: Provider) -> Step:
    return Step(StepName.STORED, StepResult.PASSED, f"Our access to {provider.spec.name} is stored.")


def _not_stored(provider: Provider) -> Step:
    return Step(StepName.STORED, StepResult.FAILED, f"No access to {provider.spec.name} is stored. Reconnect it.")


def _accepted(provider: Provider, connection: Connection) -> Step:
    name = provider.spec.name
    is_lost = connection.status == Status.REAUTHORISE
    sentence = f"{name} accepts it again. Reconnect, and the syncs go on." if is_lost else f"{name} accepts it."
    return Step(StepName.ACCEPTED, StepResult.PASSED, sentence)


def _refused(provider: Provider, error: errors.ProviderError | Problem) -> list[Step]:
    if error.code == _CANNOT_OPEN:
        sentence = f"The stored access to {provider.spec.name} cannot be opened with this server’s keys. Reconnect it."
        return [Step(StepName.STORED, StepResult.FAILED, sentence)]
    result, pattern = next((result, pattern) for kind, result, pattern in _SAID if isinstance(error, kind))
    sentence = pattern.format(name=provider.spec.name, website=provider.spec.website)
    return [_stored(provider), Step(StepName.ACCEPTED, result, sentence)]


def _in_full(steps: list[Step]) -> list[Step]:
    """Return the steps with those that were not come to."""
    rest = list(StepName)[len(steps) :]
    return steps + [Step(each, StepResult.UNKNOWN, "It did not come to this.") for each in rest]


def _counted(provider: Provider, connection: Connection) -> list[Step]:
    name = provider.spec.name
    account = f"{name} counts that question, so it was not asked. The access is for {_called(connection)}."
    return [
        Step(StepName.ACCOUNT, StepResult.SKIPPED, account),
        Step(StepName.PERMISSIONS, StepResult.SKIPPED, f"{name} counts that question, so it was not asked."),
    ]


def _right_account(provider: Provider, connection: Connection, account: Account) -> Step:
    try:
        oauth.refuse_other_account(connection, account, provider)
    except Problem:
        shown = f"“{account.name or account.id}”{f' in {account.mode} mode' if account.mode else ''}"
        sentence = f"{provider.spec.name} shows {shown}, but this venue is connected to {_called(connection)}."
        return Step(StepName.ACCOUNT, StepResult.FAILED, sentence)
    return Step(StepName.ACCOUNT, StepResult.PASSED, f"It opens {_called(connection)}.")


def _unseen_account(provider: Provider) -> Step:
    sentence = f"{provider.spec.name} does not let us see whose account it is."
    return Step(StepName.ACCOUNT, StepResult.UNKNOWN, sentence)


def _permissions(provider: Provider, connection: Connection, account: Account) -> Step:
    if not account.scopes:
        return Step(StepName.PERMISSIONS, StepResult.SKIPPED, needs.untold(provider))
    config = IntegrationConfig.objects.filter(venue=connection.venue_id, integration=connection.provider).first()
    found = needs.lacking(provider, config.directions if config else {}, account.scopes)
    result = StepResult.FAILED if found else StepResult.PASSED
    return Step(StepName.PERMISSIONS, result, needs.said(provider, found))


def _forbidden(provider: Provider, error: errors.PermissionMissing) -> Step:
    labels = {scope.name: scope.label for scope in provider.spec.scopes}
    which = f" “{labels.get(error.scope, error.scope)}”" if error.scope else ""
    sentence = f"A permission is missing{which or f' that {provider.spec.name} did not name'}."
    return Step(StepName.PERMISSIONS, StepResult.FAILED, sentence)


def _called(connection: Connection) -> str:
    return f"“{connection.account_name or connection.account_id}”"
