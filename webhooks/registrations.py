"""What is registered at a provider, held against what should be, and put right.

Each registration is a row that is stored before the provider is asked, so that one whose answer was lost is known by
its address. What cannot be used any more (gone, moved, its secret lost or to be replaced) is retired, and another takes
its place before the old one is removed: at no moment is nobody told. Calls and transactions never overlap.
"""

import logging
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from connections import credentials
from connections.lifecycle import happened
from connections.models import Connection, Status
from integrations import catalogue
from integrations.providers.base import RollingRegistrar
from integrations.providers.errors import ProviderError, Transient
from integrations.providers.types import Hook, Subject
from integrations.sealing import CannotOpen
from webhooks import addresses, removals, wanted
from webhooks import target as targets
from webhooks.models import WebhookSubscription, WebhookUpkeep
from webhooks.target import Target

logger = logging.getLogger(__name__)

_KEY_LENGTH = 40


class Unreachable(Exception):
    """No provider could deliver to our address. Its text is the sentence for the operator."""


def put_right(upkeep: WebhookUpkeep) -> None:
    """See to it that exactly what should be registered is. One call for each place when everything is well.

    Raises a ProviderError, Problem, CannotOpen or Unreachable; may be called again at any time.
    """
    provider = catalogue.provider_or_404(upkeep.provider)
    asked = wanted.now(upkeep, provider)
    rows = WebhookSubscription.objects.of(upkeep)
    rows.current().exclude(place__in=[about.place for about in asked]).update(retired_at=Now())
    if asked and (why := addresses.why_unreachable()):
        raise Unreachable(why)
    if not asked and not removals.to_remove(rows).exists():
        return
    target = targets.of(upkeep, provider)
    if target is None:  # what is registered there ends by itself once nobody takes it
        removals.to_remove(rows).update(removed_at=Now())
        return
    for about in asked:
        _keep(target, about)
    removals.remove_retired(target)


def _keep(target: Target, about: Subject) -> None:
    """Adopt what is registered for a place, repair it, or register it anew; remove what else is at our addresses."""
    hooks = target.registrar.listed(target.api, about)
    ours = target.marks(hooks)
    row = target.rows.current().filter(place=about.place).first()
    hook = _found(row, ours)
    if row is not None and hook is not None and _is_usable(target, row, hook):
        _adopt(target, about, row, hook)
        kept = hook.id
    else:
        kept = _replace(target, about, row, hook, there={each.id for each in hooks})
    removals.remove_strays(target, about, ours, kept)


def _found(row: WebhookSubscription | None, ours: list[tuple[str, Hook]]) -> Hook | None:
    """Return the row's own registration: at its address, and with its id where that is known."""
    if row is None:
        return None
    return next((hook for mark, hook in ours if mark == row.url_token_hash and row.external_id in ("", hook.id)), None)


def _is_usable(target: Target, row: WebhookSubscription, hook: Hook) -> bool:
    """Return whether deliveries can be proved, and no other secret is wanted that only another registration has."""
    is_proved = bool(hook.secret or _secret(row)) or not hook.is_signed
    return is_proved and (row.roll_asked_at is None or isinstance(target.registrar, RollingRegistrar))


def _adopt(target: Target, about: Subject, row: WebhookSubscription, hook: Hook) -> None:
    if hook.amiss:
        target.registrar.repair(target.api, about, hook.id)
        _tell(target, "news_restored", hook.amiss)
    secret, known = hook.secret, _secret(row)
    if row.roll_asked_at and secret == known and isinstance(target.registrar, RollingRegistrar):
        secret = target.registrar.roll(target.api, about, hook.id)
    values: dict[str, Any] = {}
    if secret and secret != known:
        values = {"signing_secret": credentials.sealed(row, "signing_secret", secret), "roll_asked_at": None}
    if values and known:
        values |= {"previous_secret": credentials.sealed(row, "previous_secret", known), "rolled_at": Now()}
    _confirm(target, about, row, hook, **values)


def _replace(
    target: Target, about: Subject, row: WebhookSubscription | None, hook: Hook | None, *, there: set[str]
) -> str:
    """Register a place at a new address and return the id; what stood for it until now is retired."""
    token = addresses.new_token()
    fresh = _intend(target, about, row, hook, token, there)
    url = addresses.url(target.provider.spec.key, token)
    try:
        made = target.registrar.register(target.api, about, url=url, key=fresh.url_token_hash[:_KEY_LENGTH])
    except ProviderError as error:
        if not isinstance(error, Transient):  # it may be there all the same: the next look at the list tells
            fresh.delete()
        raise
    secret = {"signing_secret": credentials.sealed(fresh, "signing_secret", made.secret)} if made.secret else {}
    _confirm(target, about, fresh, made, **secret)
    was_there = row is not None and row.external_id and row.roll_asked_at is None
    _tell(target, "news_restored" if was_there else "news_ordered", "It was gone there." if was_there else "")
    return made.id


@transaction.atomic
def _intend(
    target: Target, about: Subject, row: WebhookSubscription | None, hook: Hook | None, token: str, there: set[str]
) -> WebhookSubscription:
    """Store what is about to be registered, unless the connection has ended or somebody else is about to do the same.

    A connection that ends waits for this transaction and then finds the row.
    """
    connection = target.upkeep.connection
    live = Connection.objects.select_for_update().filter(status=Status.CONNECTED)
    if connection and live.filter(pk=connection.pk).first() is None:
        raise Transient("The connection has ended meanwhile.", code="ended")
    if row is not None:
        external_id = row.external_id or (hook.id if hook else "")
        gone = {} if external_id in there else {"removed_at": Now()}
        target.rows.filter(pk=row.pk).update(retired_at=Now(), external_id=external_id, **gone)
    try:
        return WebhookSubscription.objects.create(
            connection=connection, provider=target.provider.spec.key, place=about.place,
            url_token_hash=addresses.fingerprint(token), events=list(target.registrar.events(about)),
        )  # fmt: skip
    except IntegrityError as error:
        raise Transient("Somebody else is registering the same.", code="busy") from error


def _confirm(target: Target, about: Subject, row: WebhookSubscription, hook: Hook, **values: Any) -> None:
    """Store what the provider confirmed. Removes it there again when the row was ended meanwhile."""
    events = list(target.registrar.events(about))
    kept = WebhookSubscription.objects.current().filter(pk=row.pk)
    if not kept.update(external_id=hook.id, events=events, checked_at=Now(), **values):
        target.registrar.remove(target.api, about, hook.id)
        raise Transient("The registration was ended meanwhile.", code="ended")


def _secret(row: WebhookSubscription) -> str:
    """Return the secret that is stored; one that cannot be opened is none, and another is asked for."""
    try:
        return credentials.open_secret(row, "signing_secret").reveal() if row.signing_secret else ""
    except CannotOpen:
        return ""


def _tell(target: Target, event: str, detail: str) -> None:
    """Say in the connection's history, and in the log, what was done."""
    connection = target.upkeep.connection
    extra = {"upkeep": target.upkeep.pk, "provider": target.provider.spec.key, "what": event}
    logger.info("webhooks.put_right", extra=extra)
    if connection is not None:
        Connection.objects.filter(pk=connection.pk).update(history=happened(event, detail=detail))
