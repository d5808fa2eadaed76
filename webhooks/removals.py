"""What must not be registered any more, or be accepted any longer, and how it goes."""

import logging
from datetime import timedelta

from django.db.models import Q
from django.db.models.functions import Now

from integrations.providers.errors import ProviderError, Transient
from integrations.providers.types import Hook, Subject
from webhooks.models import SubscriptionQuerySet, WebhookSubscription
from webhooks.target import Target, subject

logger = logging.getLogger(__name__)

OVERLAP = timedelta(hours=24)  # for so long what was signed with a former secret is accepted


def remove_strays(target: Target, about: Subject, ours: list[tuple[str, Hook]], kept: str) -> None:
    """Remove what is registered at an address of ours that nobody here waits at: a lost answer's, or a double."""
    others = [(mark, hook) for mark, hook in ours if hook.id != kept]
    if not others:
        return
    current = WebhookSubscription.objects.current().filter(url_token_hash__in=[mark for mark, _ in others])
    waited_for = set(current.exclude(external_id=kept).values_list("url_token_hash", flat=True))
    retired = set(to_remove(target.rows).values_list("external_id", flat=True))
    for mark, hook in others:
        if mark not in waited_for and hook.id not in retired:
            target.registrar.remove(target.api, about, hook.id)


def remove_retired(target: Target) -> None:
    """Remove what was retired. What cannot be removed is left: its deliveries will find nobody."""
    for row in to_remove(target.rows):
        try:
            target.registrar.remove(target.api, subject(row), row.external_id)
        except Transient:
            raise
        except ProviderError as error:
            logger.warning("webhooks.not_removed", extra={"subscription": row.pk, "code": error.code})
        target.rows.filter(pk=row.pk).update(removed_at=Now())


def to_remove(rows: SubscriptionQuerySet) -> SubscriptionQuerySet:
    """Return what was retired and may still be registered."""
    return rows.filter(~Q(external_id=""), retired_at__isnull=False, removed_at=None)


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
