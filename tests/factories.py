"""Rows for tests: believable, minimal, and with real sealed secrets."""

from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone

from connections import credentials
from connections.models import Connection, OAuthToken
from integrations.models import IntegrationConfig, Role, Venue, VenueMembership, VenueType
from integrations.providers import PROVIDERS

PASSWORD = "correct-horse-battery"


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with `PASSWORD`."""

    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"person{number}")
    email = factory.LazyAttribute(lambda person: f"{person.username}@example.test")

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: Any) -> None:
        self.set_password(extracted or PASSWORD)
        if create:
            self.save(update_fields=["password"])


class VenueFactory(factory.django.DjangoModelFactory):
    """A club in London."""

    class Meta:
        model = Venue

    name = factory.Sequence(lambda number: f"The Lantern Room {number}")
    slug = factory.Sequence(lambda number: f"lantern-{number}")
    venue_type = VenueType.CLUB


class MembershipFactory(factory.django.DjangoModelFactory):
    """A member of a venue."""

    class Meta:
        model = VenueMembership

    venue = factory.SubFactory(VenueFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.VIEWER


class ConnectionFactory(factory.django.DjangoModelFactory):
    """A venue connected to Square by sign-in, with sealed tokens that end in 30 days, and the default wishes."""

    class Meta:
        model = Connection
        skip_postgeneration_save = True

    venue = factory.SubFactory(VenueFactory)
    provider = "square"
    environment = "sandbox"
    account_id = factory.Sequence(lambda number: f"MERCHANT{number}")
    account_name = "The Lantern Room"
    scopes = factory.LazyFunction(lambda: [scope.name for scope in PROVIDERS["square"].spec.scopes])

    @factory.post_generation
    def token(self, create: bool, extracted: str | None, **more: Any) -> None:
        if not create or extracted == "":
            return
        token = OAuthToken(connection=self, access_expires_at=timezone.now() + timedelta(days=30), **more)
        credentials.seal(token, "access_token", extracted or "access-canary")
        credentials.seal(token, "refresh_token", "refresh-canary")
        token.save()

    @factory.post_generation
    def wishes(self, create: bool, extracted: dict[str, str] | None, **_: Any) -> None:
        if create:
            IntegrationConfig.objects.get_or_create(
                venue=self.venue,
                integration_id=self.provider,
                defaults={"directions": extracted or dict.fromkeys(PROVIDERS[self.provider].streams, "in")},
            )
