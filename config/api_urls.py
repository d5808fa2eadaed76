"""Every address of the API. Each is known with and without a slash at its end."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView
from rest_framework.permissions import IsAuthenticated
from rest_framework.views import APIView

from connections.api import ConnectionViewSet
from integrations.contract import bound
from integrations.tokens_api import TokenViewSet
from mappings.api import FieldViewSet
from monitoring.admin_api import AdminViewSet
from monitoring.api import IntegrationViewSet, NowhereViewSet
from monitoring.health_api import HealthViewSet
from monitoring.recovery_api import EventRetryViewSet, RecoveryViewSet
from syncing import choosing, fields
from syncing.api import SyncViewSet
from syncing.mapping_api import MappingViewSet
from syncing.records_api import RecordViewSet
from webhooks import addresses, farewell
from webhooks.api import EventViewSet
from webhooks.views import deliver

_PROVIDER = r"(?P<provider>[-\w]+)"
_OBJECT = r"(?P<object_type>\w+)"
_UUID = r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}"
_RECORD = rf"(?P<record>{_UUID})"


def _route(path: str, view: object, name: str) -> URLPattern:
    return re_path(rf"^api/v1/{path}/?$", view, name=name)  # type: ignore[call-overload]


def _view(views: type[APIView], actions: dict[str, str], **parts: object) -> Any:
    """Return a view under the contract; `parts` are what is said of it there, and what the view is handed down."""
    return bound(views).as_view(actions, **parts)  # type: ignore[arg-type]


def _read(action: str) -> object:
    return _view(IntegrationViewSet, {"get": action})


def _change(action: str) -> object:
    return _view(ConnectionViewSet, {"post": action}, choose=choosing.carry_out, farewell=farewell.say)


def _recover(method: str, action: str) -> object:
    return _view(RecoveryViewSet, {method: action})


def _admin(action: str) -> object:
    return _view(AdminViewSet, {"get": action}, tells_unchanged=False)  # each answer tells its moment


def _health(action: str) -> object:
    return _view(HealthViewSet, {"get": action}, tells_unchanged=False)


def _sync(method: str, action: str, **parts: object) -> object:
    return _view(SyncViewSet, {method: action}, **parts)


def _map(method: str, action: str, **parts: object) -> object:
    return _view(MappingViewSet, {method: action}, **parts)


_test = _view(HealthViewSet, {"post": "test"}, acts=False)
_tokens = _view(TokenViewSet, {"get": "index", "post": "make"}, keeps_answers=False)
_token = _view(TokenViewSet, {"delete": "revoke"})
_mappings = _view(MappingViewSet, {"get": "retrieve", "put": "save"}, tells_unchanged=False)
_templates = _view(MappingViewSet, {"get": "templates", "post": "keep_template"})
_fields = _view(FieldViewSet, {"get": "index"}, examples=fields.example)
_events = _view(EventViewSet, {"get": "index"})
_retry_events = _view(EventRetryViewSet, {"post": "retry"})
_records = _view(RecordViewSet, {"get": "index", "post": "write"}, judges_text=True)
_record = _view(RecordViewSet, {"get": "retrieve", "patch": "change", "delete": "remove"}, judges_text=True)
_nowhere = _view(NowhereViewSet, dict.fromkeys(("get", "post", "put", "patch", "delete"), "answer"), acts=False)
_schema = bound(SpectacularJSONAPIView).as_view(permission_classes=[IsAuthenticated])
_docs = login_required(
    SpectacularSwaggerSplitView.as_view(
        url_name="api-schema", template_name="admin/api_docs.html", title="Backline API"
    )
)

urlpatterns = [
    _route("integrations/webhooks/retry", _retry_events, "api-events-retry"),
    _route(f"integrations/webhooks/{_PROVIDER}/events", _events, "api-events"),
    _route(addresses.OF_PROVIDER, deliver, "api-webhook"),
    _route(addresses.OF_SUBSCRIPTION, deliver, "api-webhook-own"),
    _route("integrations/admin/force-sync", _recover("post", "force_sync"), "api-force-sync"),
    _route("integrations/admin/clear-queue", _recover("post", "clear_queue"), "api-clear-queue"),
    _route("integrations/admin/restore", _recover("post", "restore"), "api-restore"),
    _route("integrations/admin/dead-letters", _recover("get", "dead_letters"), "api-dead-letters"),
    _route("integrations/admin/process-dead-letter", _recover("post", "process_dead_letters"), "api-dead-letter"),
    _route("integrations/admin/recover-stale", _recover("post", "recover_stale"), "api-recover-stale"),
    _route("integrations/admin/all-venues", _admin("all_venues"), "api-all-venues"),
    _route("integrations/admin/health-summary", _admin("health_summary"), "api-health-summary"),
    _route("integrations/admin/costs", _admin("costs"), "api-costs"),
    _route("integrations/admin/queue-metrics", _admin("queue_metrics"), "api-queue-metrics"),
    _route(f"integrations/health/{_PROVIDER}", _health("health"), "api-health"),
    _route(
        f"integrations/health/{_PROVIDER}/metrics",
        _health("metrics"),
        "api-health-metrics",
    ),
    _route(f"integrations/health/{_PROVIDER}/test", _test, "api-health-test"),
    _route("integrations", _read("index"), "api-integrations"),
    _route(f"integrations/connect/{_PROVIDER}", _change("connect"), "api-connect"),
    _route(f"integrations/oauth/refresh/{_PROVIDER}", _change("refresh"), "api-refresh"),
    _route(f"integrations/{_PROVIDER}", _read("retrieve"), "api-integration"),
    _route(f"integrations/{_PROVIDER}/disconnect", _change("disconnect"), "api-disconnect"),
    _route(f"integrations/{_PROVIDER}/reconnect", _change("reconnect"), "api-reconnect"),
    _route(f"integrations/{_PROVIDER}/api-key", _change("set_api_key"), "api-key"),
    _route(f"integrations/{_PROVIDER}/sync", _sync("post", "start"), "api-sync"),
    _route(f"integrations/{_PROVIDER}/sync/preview", _sync("post", "preview", acts=False), "api-sync-preview"),
    _route(f"integrations/{_PROVIDER}/sync/stop", _sync("post", "stop"), "api-sync-stop"),
    _route(f"integrations/{_PROVIDER}/sync/status", _sync("get", "status"), "api-sync-status"),
    _route(f"integrations/{_PROVIDER}/sync/history", _sync("get", "history"), "api-sync-history"),
    _route(f"integrations/{_PROVIDER}/sync/retry", _sync("post", "retry"), "api-sync-retry"),
    _route(f"integrations/{_PROVIDER}/mappings", _mappings, "api-mappings"),
    _route(f"integrations/{_PROVIDER}/mappings/test", _map("post", "test", acts=False), "api-mappings-test"),
    _route(f"integrations/{_PROVIDER}/mappings/templates", _templates, "api-mappings-templates"),
    _route(f"integrations/{_PROVIDER}/mappings/apply-template", _map("post", "apply_template"), "api-mappings-apply"),
    _route(f"integrations/{_PROVIDER}/mappings/reset", _map("post", "reset"), "api-mappings-reset"),
    _route(f"integrations/{_PROVIDER}/mappings/heal", _map("post", "heal"), "api-mappings-heal"),
    _route(f"integrations/{_PROVIDER}/fields", _fields, "api-fields"),
    _route(f"records/{_OBJECT}", _records, "api-records"),
    _route(f"records/{_OBJECT}/{_RECORD}", _record, "api-record"),
    _route("tokens", _tokens, "api-tokens"),
    _route(rf"tokens/(?P<token>{_UUID})", _token, "api-token"),
    _route("me/integrations", _read("mine"), "api-me"),
    _route("schema", _schema, "api-schema"),
    _route("docs", _docs, "api-docs"),
    # Last: whatever else is asked for under the API. The callback is a page (config/page_urls.py).
    re_path(
        r"^api/v1/(?!integrations/oauth/callback/)(?P<path>(?s:.*))$",
        _nowhere,
        name="api-nowhere",
    ),
]
