"""What is registered at a provider, held against what should be, and put right.

Each registration is a row that is stored before the provider is asked, so that one whose answer was lost is known by
its address. What cannot be used any more (gone, moved, its secret lost or to be replaced) is retired, and another takes
its place before the old one is removed: at no moment is nobody told. Calls and transactions never overlap.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now

from connections import credentials, sessions
from connections.lifecycle import happened
from connections.models import Connection, Method, Status
from connections.sealing import CannotOpen
from integrations import catalogue, wishes
from integrations.providers.base import Provider, RollingRegistrar, WebhookRegistrar
from integrations.providers.errors import PermissionMissing, ProviderError, RateLimited, Transient
from integrations.providers.http import ApiSession
from integrations.providers.types import Hook, Subject
from webhooks import addresses
from webhooks.models import SubscriptionQuerySet, WebhookSubscription, WebhookUpkeep

logger = logging.getLogger(__name__)

OVERLAP = timedelta(hours=24)  # for so long what was signed with a former secret is accepted
_KEY_LENGTH = 40


class Unreachable(Exception):
    """No provider could deliver to our address. Its text is the sentence for the operator."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where registrations of one row are made: the provider, and a session that may make them."""

    upkeep: WebhookUpkeep
    provider: Provider
    registrar: WebhookRegistrar
    api: ApiSession

    @property
    def rows(self) -> SubscriptionQuerySet:
        """Return the rows of all registrations that were ever made here."""
        return WebhookSubscription.objects.of(self.upkeep).select_related("connection")


def put_right(upkeep: WebhookUpkeep) -> None:
    """See to it that exactly what should be registered is. One call for each place when everything is well.

    Raises a ProviderError, Problem, CannotOpen or Unreachable; may be called again at any time.
    """
    provider = catalogue.provider_or_404(upkeep.provider)
    wanted = _wanted(upkeep, provider)
    rows = WebhookSubscription.objects.of(upkeep)
    rows.current().exclude(place__in=[about.place for about in wanted]).update(retired_at=Now())
    if wanted and (why := addresses.why_unreachable()):
        raise Unreachable(why)
    if not wanted and not _to_remove(rows).exists():
        return
    target = _target(upkeep, provider)
    if target is None:
        return
    for about in wanted:
        _keep(target, about)
    _remove_retired(target)


def is_for_application(provider: Provider) -> bool:
    """Return whether those who sign in are told of by a registration that we make ourselves.

    Where the operator registered one in the provider's portal, and set its secret, it stays the only one.
    """
    registrar, key = provider.registrar, provider.spec.key
    is_possible = registrar is not None and registrar.by_application and bool(settings.APPLICATION_TOKENS.get(key))
    return is_possible and not settings.WEBHOOK_SECRETS.get(key)


def forget_former() -> None:
    """Let former secrets go, and stop accepting what was retired, once the overlap is over. Three statements."""
    long_ago = Now() - OVERLAP
    WebhookSubscription.objects.filter(rolled_at__lt=long_ago, previous_secret__isnull=False).update(
        previous_secret=None
    )
    retired = WebhookSubscription.objects.filter(retired_at__lt=long_ago)
    retired.filter(external_id="").delete()
    retired.filter(active=True, removed_at__isnull=False).update(
        active=False, signing_secret=None, previous_secret=None
    )


def sentence(provider: str, error: ProviderError) -> str:
    """Return why something could not be registered. Never the provider's own words: they may repeat our address."""
    spec = catalogue.provider_or_404(provider).spec
    if isinstance(error, PermissionMissing):
        labels = {scope.name: scope.label for scope in spec.scopes}
        needed = f" It needs the permission “{labels.get(error.scope, error.scope)}”." if error.scope else ""
        return f"{spec.name} does not allow us to be told of changes at once.{needed}"
    if isinstance(error, RateLimited):
        return f"{spec.name} asked us to slow down."
    if isinstance(error, Transient):
        return f"{spec.name} is not answering."
    return f"{spec.name} refused to tell us of changes at once ({error.code or type(error).__name__})."


def _wanted(upkeep: WebhookUpkeep, provider: Provider) -> list[Subject]:
    """Return what should be registered now: nothing for a connection that our application's registration tells of."""
    registrar, connection = provider.registrar, upkeep.connection
    if registrar is None:
        return []
    if connection is None:
        signed_in = Connection.objects.live().filter(
            provider=provider.spec.key, environment=catalogue.environment(), method=Method.OAUTH
        )
        is_needed = is_for_application(provider) and signed_in.exists()
        return [Subject(of_application=True)] if is_needed else []
    if registrar.by_application and connection.method == Method.OAUTH:
        return []
    if registrar.place is None:
        return [Subject()]
    chosen: Sequence[str] = wishes.of(connection.venue, provider).chosen.get(registrar.place, ())
    return [Subject(place=each) for each in chosen]


def _target(upkeep: WebhookUpkeep, provider: Provider) -> Target | None:
    """Return where registrations are made; None when nobody may make them any more."""
    connection = upkeep.connection
    api = sessions.open_session(connection) if connection else sessions.of_application(provider)
    if provider.registrar is None or api is None:
        return None
    return Target(upkeep, provider, provider.registrar, api)


# --- one place


def _keep(target: Target, about: Subject) -> None:
    """Adopt what is registered for a place, repair it, or register it anew; remove what else is at our addresses."""
    hooks = target.registrar.listed(target.api, about)
    ours = [(addresses.fingerprint(token), hook) for hook in hooks if (token := _token(target, hook))]
    row = target.rows.current().filter(place=about.place).first()
    hook = _found(row, ours)
    if row is not None and hook is not None and _is_usable(target, row, hook):
        _adopt(target, about, row, hook)
        kept = hook.id
    else:
        kept = _replace(target, about, row, hook, there={each.id for each in hooks})
    _remove_strays(target, about, ours, kept)


def _token(target: Target, hook: Hook) -> str:
    return addresses.token_in(target.provider.spec.key, hook.url)


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


# --- what must not be there


def _remove_strays(target: Target, about: Subject, ours: list[tuple[str, Hook]], kept: str) -> None:
    """Remove what is registered at an address of ours that nobody here waits at: a lost answer's, or a double."""
    others = [(mark, hook) for mark, hook in ours if hook.id != kept]
    if not others:
        return
    current = WebhookSubscription.objects.current().filter(url_token_hash__in=[mark for mark, _ in others])
    waited_for = set(current.exclude(external_id=kept).values_list("url_token_hash", flat=True))
    retired = set(_to_remove(target.rows).values_list("external_id", flat=True))
    for mark, hook in others:
        if mark not in waited_for and hook.id not in retired:
            target.registrar.remove(target.api, about, hook.id)


def _remove_retired(target: Target) -> None:
    """Remove what was retired. What cannot be removed is left: its deliveries will find nobody."""
    for row in _to_remove(target.rows):
        try:
            target.registrar.remove(target.api, subject(row), row.external_id)
        except Transient:
            raise
        except ProviderError as error:
            logger.warning("webhooks.not_removed", extra={"subscription": row.pk, "code": error.code})
        target.rows.filter(pk=row.pk).update(removed_at=Now())


def _to_remove(rows: SubscriptionQuerySet) -> SubscriptionQuerySet:
    return rows.filter(~Q(external_id=""), retired_at__isnull=False, removed_at=None)


def subject(row: WebhookSubscription) -> Subject:
    """Return what a registration tells of."""
    return Subject(place=row.place, of_application=row.connection_id is None)


def _tell(target: Target, event: str, detail: str) -> None:
    """Say in the connection's history, and in the log, what was done."""
    connection = target.upkeep.connection
    extra = {"upkeep": target.upkeep.pk, "provider": target.provider.spec.key, "what": event}
    logger.info("webhooks.put_right", extra=extra)
    if connection is not None:
        Connection.objects.filter(pk=connection.pk).update(history=happened(event, detail=detail))
