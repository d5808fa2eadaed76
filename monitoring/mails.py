"""Who is told by mail that a connection needs its owner: its venue's admins, once for each time.

Once for each lost access, and once for each time that a field which must be filled was lost. The fact stands in a row.
Whoever takes the lease on it sends; that it was sent is stored afterwards, so that a crash in between leads to one mail
more and never to none.
"""

import logging
from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from connections.models import Connection, Status
from integrations.models import Role
from integrations.pages import address
from integrations.providers import PROVIDERS
from mappings.models import SchemaWatch
from monitoring import overview, wording

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)  # and the rest after a mail server that did not take it
_MOST = 50


def ask_to_reconnect() -> int:
    """Send the mails that are due and return how many that were. Outside any transaction; safe to call at any time."""
    due = Connection.objects.untold(timezone.now()).select_related("venue").order_by("status_since")[:_MOST]
    return sum(_tell_of_loss(connection) for connection in due if _claim(connection))


def ask_to_decide() -> int:
    """Send the mails about lost fields that are due and return how many that were; else as `ask_to_reconnect`."""
    due = SchemaWatch.objects.untold(timezone.now()).filter(connection__status=Status.CONNECTED)
    found = due.select_related("connection__venue").order_by("decision_since")[:_MOST]
    return sum(_tell_of_field(watch) for watch in found if _claim_watch(watch))


def reconnect_mail(connection: Connection) -> EmailMultiAlternatives | None:
    """Return the mail about a lost access; None when the venue has no admin with an address. Holds no secret."""
    name = PROVIDERS[connection.provider].spec.name
    return _mail(
        connection,
        title=f"{name} needs you to reconnect",
        message=overview.for_venue(connection.venue).card(connection.provider).message,
        rest=f"{wording.SAFE_REST} What waits for {name} goes on by itself once it is connected again.",
        act=f"Reconnect {name}",
        link=address("connect", connection.venue, provider=connection.provider),
    )


def decision_mail(watch: SchemaWatch) -> EmailMultiAlternatives | None:
    """Return the mail about a lost field that must be filled; None when the venue has no admin with an address."""
    connection, told = watch.connection, watch.decision
    name = PROVIDERS[connection.provider].spec.name
    return _mail(
        connection,
        title=f"{name}: a field needs your decision",
        message=wording.undecided(told["sentence"], told["object"]),
        rest="Nothing was removed and nothing is lost; what waits goes on by itself once you have chosen.",
        act="Choose a field",
        link=address(
            "mapping", connection.venue, provider=connection.provider, object_type=told["object"],
            query={"direction": told["direction"]},
        ),
    )  # fmt: skip


def _mail(
    connection: Connection, *, title: str, message: str, rest: str, act: str, link: str
) -> EmailMultiAlternatives | None:
    venue = connection.venue
    admins = venue.memberships.filter(role=Role.VENUE_ADMIN, user__is_active=True).exclude(user__email="")
    addressees = sorted(set(admins.values_list("user__email", flat=True)))
    if not addressees:
        return None
    shown = {
        "title": title, "message": message, "rest": rest, "act": act, "link": settings.PUBLIC_URL + link,
        "venue": venue, "addressees": addressees,
    }  # fmt: skip
    subject = f"{title} – {' '.join(venue.name.split())}"
    mail = EmailMultiAlternatives(subject, render_to_string("mails/needs_owner.txt", shown), to=addressees)
    mail.attach_alternative(render_to_string("mails/needs_owner.html", shown), "text/html")
    return mail


def _claim(connection: Connection) -> bool:
    return bool(Connection.objects.untold(timezone.now()).filter(pk=connection.pk).update(telling_until=Now() + _LEASE))


def _claim_watch(watch: SchemaWatch) -> bool:
    return bool(SchemaWatch.objects.untold(timezone.now()).filter(pk=watch.pk).update(telling_until=Now() + _LEASE))


def _tell_of_loss(connection: Connection) -> bool:
    def told() -> None:
        same_loss = Connection.objects.filter(
            pk=connection.pk, status=Status.REAUTHORISE, status_since=connection.status_since
        )
        same_loss.update(owner_told_at=Now(), telling_until=None)

    return _send(connection, reconnect_mail(connection), "mail.asked_to_reconnect", told)


def _tell_of_field(watch: SchemaWatch) -> bool:
    def told() -> None:
        same_loss = SchemaWatch.objects.filter(pk=watch.pk, decision_since=watch.decision_since)
        same_loss.update(owner_told_at=Now(), telling_until=None)

    return _send(watch.connection, decision_mail(watch), "mail.asked_to_decide", told)


def _send(connection: Connection, mail: EmailMultiAlternatives | None, event: str, told: Callable[[], None]) -> bool:
    """Send a mail and note it, unless the mail server fails: then the lease is the rest before the next try."""
    extra = {"connection": str(connection.pk)}
    try:
        if mail is not None:
            mail.send()
    except (SMTPException, OSError) as error:
        logger.warning("mail.not_sent", extra=extra | {"error": type(error).__name__})
        return False
    told()
    logger.info(event if mail else "mail.nobody_to_tell", extra=extra)
    return mail is not None
