"""Over what the tests of the contract run."""

from collections.abc import Callable
from typing import Any

import pytest

from integrations.providers import PROVIDERS
from integrations.providers.base import Stream
from tests.contract.stage import STAGES, Stage, Watched

Wanted = Callable[[Stage, Stream, Watched], Any]
KNOWN = [stage for stage in STAGES.values() if stage.key in PROVIDERS or stage.key == "toy"]


def each_provider(wanted: Callable[[Stage], Any] = lambda stage: True) -> pytest.MarkDecorator:
    """Run over all providers, or over those to which a promise applies."""
    return pytest.mark.parametrize("stage", [stage for stage in KNOWN if wanted(stage)], ids=str)


def each_way() -> pytest.MarkDecorator:
    """Run over all providers with each of their ways to connect."""
    ways = [(stage, way) for stage in KNOWN for way in ("sign_in", "key") if way == "sign_in" or stage.api_key]
    return pytest.mark.parametrize(("stage", "way"), ways, ids=[f"{stage}-{way}" for stage, way in ways])


def each_stream(wanted: Wanted = lambda stage, stream, watched: True) -> pytest.MarkDecorator:
    """Run over all streams of all providers, or over those to which a promise applies."""
    found = [
        pytest.param(stage, object_type, id=f"{stage}-{object_type}")
        for stage in KNOWN
        for object_type, watched in stage.streams.items()
        if wanted(stage, stage.stream(object_type), watched)
    ]
    return pytest.mark.parametrize(("stage", "object_type"), found)
