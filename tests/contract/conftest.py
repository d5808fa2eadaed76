"""One provider's stage for each test: its double over loopback, our settings pointing at it, a small account."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from connections.models import Connection
from integrations import catalogue, shared
from integrations.providers import PROVIDERS, http
from integrations.providers.types import ObjectType
from mappings.models import FieldMappingTemplate
from tests.contract.account import Account, connect, open_account
from tests.contract.stage import Stage
from tests.contract.toy import STREAMS, TOY
from tests.contract.toy_sandbox import ToySandbox
from tests.provider_sandbox import Sandbox

Pages = Callable[[int], None]
Windows = Callable[[int], None]


@pytest.fixture(scope="session")
def _toy_process() -> Iterator[ToySandbox]:
    sandbox = ToySandbox()
    yield sandbox
    sandbox.stop()


@pytest.fixture
def _toy_is_known(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> None:
    """What a fifth provider adds: an entry in PROVIDERS, its row in the catalogue, its default templates."""
    monkeypatch.setitem(PROVIDERS, "toy", TOY)
    catalogue.refresh()
    rules = [{"source": "name", "target": "name", "required": True}]
    FieldMappingTemplate.objects.bulk_create(
        FieldMappingTemplate(
            key=f"toy-{kind}", name=kind, provider="toy", object_type=kind, is_default=True,
            rules=[{"source": "name", "target": "given_name"}] if kind is ObjectType.CUSTOMER else rules,
        )
        for kind in STREAMS
    )  # fmt: skip


def forget_waits(sandbox: Sandbox) -> None:
    """Forget whom of this double's accounts we were asked to leave alone for a while."""
    for name in shared.store.scan_iter(f"backline:*:{sandbox.url}:*"):
        shared.store.delete(name)


@pytest.fixture
def double(stage: Stage, request: pytest.FixtureRequest, settings: Any) -> Sandbox:
    """The stage's double, fresh, with Backline's settings pointing at it."""
    if stage.key == "toy":
        request.getfixturevalue("_toy_is_known")
    sandbox: Sandbox = request.getfixturevalue("_toy_process" if stage.key == "toy" else "_sandbox_process")
    sandbox.ask("POST", "/reset", {})
    forget_waits(sandbox)
    settings.SANDBOX_URL, settings.PUBLIC_URL = sandbox.url, "http://testserver"
    client_id, secret = settings.SANDBOX_APPS.get(stage.key, ("toy", "toy-secret"))
    settings.PROVIDER_APPS = {stage.key: {"client_id": client_id, "client_secret": secret}}
    settings.PROVIDER_CALLS_PER_SECOND = {stage.key: 10_000}
    callback = f"http://testserver/api/v1/integrations/oauth/callback/{stage.key}"
    sandbox.ask("POST", f"/{stage.key}/redirect-uris", {"uri": callback})
    return sandbox


@pytest.fixture
def account(stage: Stage, double: Sandbox) -> Account:
    """A small account at the double, and its venue and owner."""
    return open_account(stage, double)


@pytest.fixture
def connection(account: Account) -> Connection:
    """The venue, connected the quickest way."""
    return connect(account)


@pytest.fixture
def pages_of(stage: Stage, double: Sandbox) -> Pages:
    """Make the double's pages small."""

    def make(size: int) -> None:
        double.ask("POST", f"/{stage.key}/settings", {"page_size": size})

    return make


@pytest.fixture
def windows_of(stage: Stage, double: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Windows:
    """Let the provider be read in so many windows at once."""

    def make(number: int) -> None:
        spec = replace(stage.provider.spec, limits=replace(stage.provider.spec.limits, windows=number))
        monkeypatch.setitem(PROVIDERS, stage.key, replace(stage.provider, spec=spec))

    return make


@pytest.fixture
def one_try(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short troubles are not bridged inside a call, so that the queue meets them."""
    monkeypatch.setattr(http, "_TRIES", 1)
