"""A demo venue with its people, for `./backline`."""

from typing import Any

import orjson
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from integrations.models import Role, Venue, VenueMembership, VenueType

_PASSWORD = "lantern-room-demo"  # noqa: S105 - printed at every start of the demo, which never leaves this machine
_PEOPLE = (
    ("owner", "owner@lantern.example", Role.VENUE_ADMIN),
    ("operator", "operator@lantern.example", Role.OPERATOR),
    ("viewer", "viewer@lantern.example", Role.VIEWER),
)


class Command(BaseCommand):
    """Make the demo venue, its owner, operator and viewer, a stranger with a venue of their own, and staff."""

    help = __doc__ or ""

    def add_arguments(self, parser: Any) -> None:
        """Take --json."""
        parser.add_argument("--json", action="store_true", help="print the logins as one line of JSON")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; done twice it changes nothing. Refuses to run in production."""
        if not settings.LOCAL:
            raise CommandError("Demo logins have a known password; they are made only where BACKLINE_ENV=local.")
        lantern = _venue("The Lantern Room", "lantern-room", VenueType.CLUB, "Europe/London", "GBP", "GB")
        harbour = _venue("Harbour Festival", "harbour-festival", VenueType.FESTIVAL, "Europe/Dublin", "EUR", "IE")
        logins = [_login(name, email, lantern, role) for name, email, role in _PEOPLE]
        logins.append(_login("stranger", "stranger@harbour.example", harbour, Role.VENUE_ADMIN))
        logins.append(_login("staff", "staff@backline.example", None, Role.VIEWER))
        if options["json"]:
            self.stdout.write(orjson.dumps({"venue": lantern.name, "logins": logins}).decode())
            return
        for login in logins:
            self.stdout.write("{role}: {email} / {password}".format(**login))


def _venue(name: str, slug: str, kind: VenueType, zone: str, currency: str, country: str) -> Venue:
    defaults = {"name": name, "venue_type": kind, "time_zone": zone, "currency": currency, "country": country}
    venue, _ = Venue.objects.get_or_create(slug=slug, defaults=defaults)
    return venue


def _login(name: str, email: str, venue: Venue | None, role: Role) -> dict[str, str]:
    is_staff = venue is None
    user, made = get_user_model().objects.get_or_create(
        username=f"demo-{name}", defaults={"email": email, "is_staff": is_staff, "is_superuser": is_staff}
    )
    if made:
        user.set_password(_PASSWORD)
        user.save(update_fields=["password"])
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    if venue is not None:
        VenueMembership.objects.get_or_create(venue=venue, user=user, defaults={"role": role})
    return {"role": name, "email": email, "password": _PASSWORD}
