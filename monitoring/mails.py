"""Who is told by mail that a connection needs its owner: its venue's admins, once for each time the access was lost.

The fact stands in the connection's row. Whoever takes the lease on it sends; that it was sent is stored afterwards, so
that a crash in between leads to one mail more and never to none.
"""

import logging
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
from monitoring import overview, wording

logger = logging.getLogger(__name__)

_LEASE = timedelta(minutes=5)  # and the rest after a mail server that did not take it
_MOST = 50


def ask_to_reconnect() -> int:
    """Send the mails that are due and return how many that were. Outside any transaction; safe to call at any time."""
    due = Connection.objects.untold(timezone.now()).select_related("venue").order_by("status_since")[:_MOST]
    return sum(_tell(connection) for connection in due if _claim(connection))


def reconnect_mail(connection: Connection) -> EmailMultiAlternatives | None:
    """Return the mail about a lost access; None when the venue has no admin with an address. Holds no secret."""
    venue, name = connection.venue, PROVIDERS[connection.provider].spec.name
    admins = venue.memberships.filter(role=Role.VENUE_ADMIN, user__is_active=True).exclude(user__email="")
    addressees = sorted(set(admins.values_list("user__email", flat=True)))
    if not addressees:
        return None
    shown = {
        "name": name,
        "venue": venue,
        "message": overview.for_venue(venue).card(connection.provider).message,
        "rest": wording.SAFE_REST,
        "link": settings.PUBLIC_URL + address("connect", venue, provider=connection.provider),
        "addressees": addressees,
    }
    subject = f"{name} needs you to reconnect – {' '.join(venue.name.split())}"
    mail = EmailMultiAlternatives(subject, render_to_string("mails/reconnect.txt", shown), to=addressees)
    mail.attach_alternative(render_to_string("mails/reconnect.html", shown), "text/html")
    return mail


def _claim(connection: Connection) -> bool:
    return bool(Connection.objects.untold(timezone.now()).filter(pk=connection.pk).update(telling_until=Now() + _LEASE))


def _tell(connection: Connection) -> bool:
    """Send the mail and note it, unless the mail server fails: then the lease is the rest before the next try."""
    mail, extra = reconnect_mail(connection), {"connection": str(connection.pk)}
    try:
        if mail is not None:
            mail.send()
    except (SMTPException, OSError) as error:
        logger.warning("mail.not_sent", extra=extra | {"error": type(error).__name__})
        return False
    same_loss = Connection.objects.filter(
        pk=connection.pk, status=Status.REAUTHORISE, status_since=connection.status_since
    )
    same_loss.update(owner_told_at=Now(), telling_until=None)
    logger.info("mail.asked_to_reconnect" if mail else "mail.nobody_to_tell", extra=extra)
    return mail is not None
