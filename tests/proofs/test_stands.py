"""The house stands: each point that was promised for the first step, seen working.

`./backline prove stands` runs all of them and prints a line for each; the quick ones belong to `./backline test`.
"""

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from django.contrib.admin import site
from django.test import Client
from django.urls import reverse

from connections import credentials, keys
from connections.models import Connection
from integrations.models import Venue
from integrations.providers import PROVIDERS
from syncing import schedule
from syncing.models import Record, RecordLink, SyncLog, Trigger
from tests.factories import PASSWORD
from tests.proofs import canaries
from tests.proofs.conftest import Point
from tests.proofs.house import LEASE_SECONDS, ROOT, House, dump, house, paced, passed, wait_for
from tests.provider_sandbox import Sandbox
from tests.syncing.working import settle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.xdist_group("proofs")]
full = pytest.mark.skipif(os.environ.get("PROOFS") != "full", reason="takes minutes: ./backline prove stands")
MANY = 40_000
KINDS = ("location", "customer", "product", "order", "payment", "refund", "payout")


@pytest.fixture
def many(sandbox: Sandbox, venue: Venue, owner: Any) -> Connection:
    """A venue whose Square holds 40,000 customers behind a slow line."""
    seller = sandbox.merchant("Big Hall", customers=MANY, products=2, orders=2, refunds=0, payout_days=1)
    sandbox.ask("POST", "/square/settings", {"latency_ms": 15})
    connection = keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)
    venue.integration_configs.update(directions={"customer": "in"})
    return connection


@pytest.fixture
def broken_house(sandbox: Sandbox, tmp_path: Path) -> Iterator[House]:
    with house(sandbox.url, tmp_path) as made:
        yield made


def read_so_far() -> int:
    log = SyncLog.objects.filter(object_type="customer").order_by("-started_at").first()
    return log.read if log else 0


def is_settled(connection: Connection) -> bool:
    return not connection.sync_jobs.open().exists()


def assert_exact(connection: Connection, sandbox: Sandbox) -> str:
    """Hold what is stored against what the sandbox has; every customer once, none missing, none else."""
    there = {key: each["updated_at"] for key, each in sandbox.truth(connection.account_id, "customers").items()}
    links = RecordLink.objects.filter(connection=connection, external_type="customer", state="in_step")
    assert dict(links.values_list("external_id", "raw__updated_at")) == there
    assert Record.objects.live().filter(venue=connection.venue, object_type="customer").count() == len(there)
    log = SyncLog.objects.filter(object_type="customer").latest("started_at")
    assert (log.outcome, log.created, log.error_sentence) == ("succeeded", len(there), ""), log.timeline
    return f"{len(there):,} of {len(there):,} customers, none doubled"


def history_of(owner: Any, connection: Connection) -> str:
    """Return what the run's page says to the owner."""
    client = Client()
    client.force_login(owner)
    log = SyncLog.objects.filter(connection=connection, object_type="customer").latest("started_at")
    return client.get(f"/integrations/square/history/{log.reference}/").content.decode()


@full
def test_kill_9_of_the_worker_in_mid_sync(
    many: Connection, sandbox: Sandbox, broken_house: House, owner: Any, point: Point
) -> None:
    broken_house.start_worker()
    schedule.start(many, trigger=Trigger.FIRST)
    wait_for(lambda: read_so_far() > MANY // 5, seconds=60, what="a fifth of the sync")
    broken_house.workers[0].kill()
    held = read_so_far()
    broken_house.start_worker()
    took = wait_for(lambda: is_settled(many), seconds=120, what="the sync after the kill")
    assert "fell silent" in history_of(owner, many)
    point(f"{assert_exact(many, sandbox)}; killed at {held:,}, done {took:.0f} s later")


@full
def test_a_worker_told_to_stop_in_mid_sync(
    many: Connection, sandbox: Sandbox, broken_house: House, point: Point
) -> None:
    leaving = broken_house.start_worker()
    schedule.start(many, trigger=Trigger.FIRST)
    wait_for(lambda: read_so_far() > MANY // 5, seconds=60, what="a fifth of the sync")
    leaving.send_signal(signal.SIGTERM)
    took = wait_for(lambda: leaving.poll() is not None, seconds=10, what="the worker's end")
    job = many.sync_jobs.get()
    assert (job.status, job.lease_until) == ("queued", None)
    broken_house.start_worker()
    wait_for(lambda: is_settled(many), seconds=120, what="the sync after the stop")
    point(f"{assert_exact(many, sandbox)}; the worker ended in {took:.1f} s and left its job waiting")


@full
def test_a_worker_frozen_for_longer_than_its_lease(
    many: Connection, sandbox: Sandbox, broken_house: House, owner: Any, point: Point
) -> None:
    frozen = broken_house.start_worker()
    schedule.start(many, trigger=Trigger.FIRST)
    wait_for(lambda: read_so_far() > MANY // 5, seconds=60, what="a fifth of the sync")
    frozen.send_signal(signal.SIGSTOP)
    broken_house.start_worker()
    # After the lease; if it froze while it wrote, after the 30 s that PostgreSQL lets a transaction stand still.
    wait_for(lambda: "fell silent" in history_of(owner, many), seconds=LEASE_SECONDS + 45, what="the other's turn")
    frozen.send_signal(signal.SIGCONT)
    wait_for(lambda: is_settled(many), seconds=120, what="the sync after the freeze")
    broken_house.wait_for_notice()
    point(f"{assert_exact(many, sandbox)}; the zombie woke up and changed nothing")


@full
def test_the_broker_stands_still_for_thirty_seconds(
    many: Connection, sandbox: Sandbox, broken_house: House, owner: Any, point: Point
) -> None:
    broken_house.start_worker()
    schedule.start(many, trigger=Trigger.FIRST)
    wait_for(lambda: read_so_far() > 0, seconds=60, what="the first page")
    broken_house.stop_broker()
    stopped = time.monotonic()
    took = wait_for(lambda: is_settled(many), seconds=120, what="the sync without a broker")
    time.sleep(max(0.0, 30 - (time.monotonic() - stopped)))
    broken_house.start_broker()
    schedule.start(many, trigger=Trigger.OWNER)
    wait_for(lambda: is_settled(many), seconds=60, what="a sync after the broker came back")
    first = SyncLog.objects.filter(object_type="customer").earliest("started_at")
    assert first.created == MANY
    assert Record.objects.live().filter(object_type="customer").count() == MANY
    assert broken_house.workers[0].poll() is None
    assert "Succeeded" in history_of(owner, many) or "Skipped" in history_of(owner, many)
    point(f"{MANY:,} of {MANY:,} customers; the sync ended {took:.0f} s into the outage")


def states(links: Any) -> dict[str, Any]:
    """Return by external id the record's version and when its raw copy was last written."""
    return {row[0]: row[1:] for row in links.values_list("external_id", "record__version", "pulled_at")}


def test_an_incremental_sync_after_25_changes_and_5_deletes(
    sandbox: Sandbox, venue: Venue, owner: Any, point: Point
) -> None:
    seller = sandbox.merchant(customers=300, products=60, orders=200, refunds=5, payout_days=5)
    connection = keys.connect(PROVIDERS["square"], venue, seller["personal_token"], user=owner)
    schedule.start(connection, trigger=Trigger.FIRST)
    settle()
    links = RecordLink.objects.filter(connection=connection)
    before = states(links)
    sandbox.ask("POST", "/clock", {"advance_seconds": 900})
    edits = {"customers": 10, "products": 5, "orders": 5, "payments": 5}
    changed = sandbox.ask("POST", f"/square/{connection.account_id}/change", edits)
    deleted = sandbox.ask("POST", f"/square/{connection.account_id}/delete", {"products": 5})
    distinct = {each for ids in (*changed.values(), *deleted.values()) for each in ids}
    assert 25 <= len(distinct) <= 30
    sandbox.clear_log()
    schedule.start(connection, trigger=Trigger.OWNER)
    settle()
    # Two for customers (who changed, how many there are), one each for locations, catalogue, orders and refunds, one a
    # location for payments, payouts and invoices, and one for the names of groups when somebody is in one.
    in_groups = links.filter(external_id__in=changed["customers"], raw__has_key="group_ids").exists()
    calls, least = sandbox.calls(), 6 + 3 * links.filter(external_type="location").count() + in_groups
    after = states(links)
    touched = {key for key, value in after.items() if value != before.get(key)}
    assert touched == {each for ids in (*changed.values(), *deleted.values()) for each in ids}
    assert {
        key for key in after if after[key][0] != before[key][0]
    } == touched  # every record's version moved, no other
    assert links.filter(state="deleted").count() == 5
    assert calls == least
    point(f"{len(touched)} rows touched of {len(after):,}, {calls} calls (the least the API allows is {least})")


VENUE_PAGES = ("", "connect/", "welcome/", "history/", "disconnect/", "progress/", "records/customer/")
VENUE_ROUTES = (
    ("get", "/api/v1/integrations"), ("get", "/api/v1/integrations/square"),
    ("get", "/api/v1/integrations/square/sync/status"), ("get", "/api/v1/integrations/square/sync/history"),
    ("get", "/api/v1/me/integrations"),
    ("post", "/api/v1/integrations/connect/square"), ("post", "/api/v1/integrations/square/disconnect"),
    ("post", "/api/v1/integrations/square/reconnect"), ("post", "/api/v1/integrations/square/api-key"),
    ("post", "/api/v1/integrations/oauth/refresh/square"), ("post", "/api/v1/integrations/square/sync"),
    ("post", "/api/v1/integrations/square/sync/stop"), ("post", "/api/v1/integrations/square/sync/retry"),
)  # fmt: skip
_BODIES = {
    "connect/square": {"method": "oauth"},
    "square/api-key": {"api_key": "EAAA" + "x" * 40},
}


def _ask(client: Client, method: str, path: str, venue: Venue) -> int:
    if method == "get":
        return client.get(path, {"venue": venue.slug}).status_code
    body = next((each for end, each in _BODIES.items() if path.endswith(end)), {}) | {"venue": venue.slug}
    return client.post(path, body, content_type="application/json").status_code


def test_a_stranger_gets_404_and_an_operator_403_where_they_must(
    connection: Connection, venue: Venue, stranger: Any, operator: Any, point: Point
) -> None:
    outside, inside = Client(), Client()
    outside.force_login(stranger)
    inside.force_login(operator)
    pages = [("get", f"/integrations/square/{page}") for page in VENUE_PAGES] + [("get", "/integrations/")]
    wrong = [path for method, path in (*VENUE_ROUTES, *pages) if _ask(outside, method, path, venue) != 404]
    assert wrong == []
    admins_only = [path for _, path in VENUE_ROUTES[5:10]]
    assert [_ask(inside, "post", path, venue) for path in admins_only] == [403] * len(admins_only)
    point(f"{len(VENUE_ROUTES) + len(pages)} venue routes refused to a stranger, {len(admins_only)} to an operator")


def _begin(client: Client) -> str:
    answer = client.post("/api/v1/integrations/connect/square", {"method": "oauth"}, content_type="application/json")
    assert answer.status_code == 201, answer.content
    found = re.search(r"[?&]state=([^&]+)", answer.json()["authorization_url"])
    assert found
    return found[1]


def test_a_state_is_refused_when_replayed_foreign_misdirected_or_late(
    sandbox: Sandbox, owner: Any, point: Point
) -> None:
    import time_machine

    mine, other = Client(headers={"accept": "application/json"}), Client(headers={"accept": "application/json"})
    mine.force_login(owner)
    other.force_login(owner)
    callback = "/api/v1/integrations/oauth/callback/square"
    codes = {}
    state = _begin(mine)
    codes["foreign session"] = other.get(callback, {"state": state, "code": "x"}).json()["code"]
    mine.get(callback, {"state": state, "error": "access_denied"})
    codes["replayed"] = mine.get(callback, {"state": state, "code": "x"}).json()["code"]
    codes["unknown"] = mine.get(callback, {"state": "made-up", "code": "x"}).json()["code"]
    misdirected = _begin(mine)
    from connections.models import OAuthState

    OAuthState.objects.filter(used_at=None).update(provider="stripe")
    codes["wrong provider"] = mine.get(callback, {"state": misdirected, "code": "x"}).json()["code"]
    with time_machine.travel(time.time() - 3600, tick=True):
        late = _begin(mine)
    codes["expired"] = mine.get(callback, {"state": late, "code": "x"}).json()["code"]
    assert codes == {
        "foreign session": "state_foreign_session",
        "replayed": "state_used",
        "unknown": "state_invalid",
        "wrong provider": "state_wrong_provider",
        "expired": "state_expired",
    }
    assert not Connection.objects.exists()
    point(", ".join(f"{case}: {code}" for case, code in codes.items()))


def _monitor(url: str, seen: list[str], stop: threading.Event) -> None:
    with redis.Redis.from_url(url, socket_timeout=None).monitor() as monitor:
        for command in monitor.listen():
            seen.append(str(command["command"]))
            if stop.is_set():
                return


def test_no_secret_shows_in_logs_admin_api_messages_or_dump(
    sandbox: Sandbox, venue: Venue, owner: Any, staff: Any, tmp_path: Path, point: Point
) -> None:
    seller = sandbox.merchant(customers=120, products=10, orders=20, refunds=1, payout_days=2)
    connection = _signed_in_connection(sandbox, owner, seller)
    token = connection.oauth_token
    planted = [credentials.open_secret(token, name).reveal() for name in ("access_token", "refresh_token")]
    planted += [seller["personal_token"], "sandbox-sq0csb-backline-secret", PASSWORD]
    messages: list[str] = []
    with house(sandbox.url, tmp_path) as made:
        done = threading.Event()
        listener = threading.Thread(target=_monitor, args=(made.redis_url, messages, done), daemon=True)
        listener.start()
        made.start_worker()
        schedule.start(connection, trigger=Trigger.FIRST)
        wait_for(lambda: is_settled(connection), seconds=60, what="the sync")
        sandbox.ask("POST", f"/square/{connection.account_id}/tokens", {"action": "revoke"})
        schedule.start(connection, trigger=Trigger.OWNER)
        wait_for(
            lambda: Connection.objects.get(pk=connection.pk).status == "reauthorise",
            seconds=60,
            what="the revoked access",
        )
        done.set()
        redis.Redis.from_url(made.redis_url).ping()
        listener.join(timeout=5)
        texts = {"worker log": made.text(), "messages": "\n".join(messages), "database dump": dump()}
    texts |= _pages(staff, owner)
    assert len(messages) > 20
    assert canaries.found(planted, texts) == []
    size = f"{sum(map(len, texts.values())):,} characters of {len(texts)} places"
    point(f"{len(planted)} secrets, each raw, quoted, in hex and in base64: 0 found in {size}")


def _signed_in_connection(sandbox: Sandbox, owner: Any, seller: dict[str, Any]) -> Connection:
    """Connect through the consent page, as a browser would."""
    import requests

    client = Client()
    client.force_login(owner)
    answer = client.post("/api/v1/integrations/connect/square", {"method": "oauth"}, content_type="application/json")
    web = requests.Session()
    page = web.get(answer.json()["authorization_url"], timeout=10)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    action = re.search(r'<form method="post" action="([^"]+)"', page.text)
    assert ticket
    assert action
    choice = {"ticket": ticket[1], "account": seller["id"], "decision": "allow"}
    back = web.post(f"{sandbox.url}/square/oauth2/{action[1]}", data=choice, allow_redirects=False, timeout=10)
    arrived = client.get(back.headers["Location"].removeprefix("http://testserver"))
    assert arrived.status_code == 303, arrived.content
    return Connection.objects.select_related("oauth_token", "venue").get()


def _pages(staff: Any, owner: Any) -> dict[str, str]:
    """Return every admin list and form that exists, and every owner's page and API answer."""
    inside, own = Client(), Client()
    inside.force_login(staff)
    own.force_login(owner)
    texts = {}
    for model in site._registry:
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        texts[base] = inside.get(reverse(f"{base}_changelist")).content.decode()
        row = model._default_manager.first()
        if row is not None:
            texts[f"{base} form"] = inside.get(reverse(f"{base}_change", args=[row.pk])).content.decode()
    for page in ("", "history/", "records/customer/", "welcome/", "disconnect/"):
        texts[f"page {page}"] = own.get(f"/integrations/square/{page}").content.decode()
    for method, path in VENUE_ROUTES[:5]:
        texts[path] = getattr(own, method)(path).content.decode()
    return texts


@full
def test_the_browser_walk(point: Point) -> None:
    point(passed("tests/browser"))


@full
def test_inbound_throughput_against_the_bound(point: Point) -> None:
    point(paced("square"))


@full
@pytest.mark.parametrize("who", ["root", "an ordinary user"])
def test_the_headless_demo_in_a_fresh_clone(who: str, tmp_path_factory: Any, point: Point) -> None:
    if (who == "root") != (os.geteuid() == 0) and os.geteuid() != 0:
        pytest.skip("only root can be both")
    place = Path(subprocess.check_output(["mktemp", "-d", "/tmp/backline-proof-XXXXXX"], text=True).strip())
    try:
        subprocess.run(["git", "clone", "-q", str(ROOT), str(place / "clone")], check=True)
        (place / "home").mkdir()
        identity = {}
        if who != "root" and os.geteuid() == 0:
            subprocess.run(["chown", "-R", "nobody:", str(place)], check=True)
            place.chmod(0o755)
            identity = {"user": "nobody", "group": "nogroup", "extra_groups": []}
        started = time.monotonic()
        answer = subprocess.run(
            ["./backline", "demo", "--headless"], cwd=place / "clone", capture_output=True, text=True, check=False,
            env=_bare_environment(place / "home"), **identity,
        )  # fmt: skip
        assert answer.returncode == 0, (answer.stdout + answer.stderr)[-3000:]
        counts = {
            kind: int(number.replace(",", ""))
            for kind, number in re.findall(r"Square +(\w+) +([\d,]+) here", answer.stdout)
        }
        assert counts["customer"] >= 1200
        assert counts["product"] >= 90
        assert counts["order"] >= 2000
        assert min(counts[kind] for kind in ("payment", "refund", "payout")) > 0
        told = ", ".join(f"{number:,} {kind}" for kind, number in counts.items())
        point(f"{told}; {time.monotonic() - started:.0f} s with everything installed anew")
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _bare_environment(home: Path) -> dict[str, str]:
    """Return what a newcomer's shell has: a path, a fresh home, and how this machine reaches its package registry."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "UV_", "SSL_", "LANG"))}
    return kept | {"HOME": str(home), "PATH": os.environ["PATH"].replace(str(ROOT / ".venv/bin") + ":", "")}
