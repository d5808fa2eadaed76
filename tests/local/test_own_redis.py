"""Test workers beside each other do not share what is in Redis."""

import os
from urllib.parse import urlsplit

import pytest
from django.conf import settings


@pytest.mark.skipif("PYTEST_XDIST_WORKER" not in os.environ, reason="nobody works beside this one")
def test_a_test_worker_has_a_database_of_its_own_in_redis() -> None:
    number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    places = [settings.REDIS_URL, settings.CACHES["default"]["LOCATION"], settings.CELERY_BROKER_URL]
    assert [urlsplit(each).path for each in places] == [f"/{number % 15 + 1}"] * 3
