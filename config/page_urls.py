"""The addresses of all pages; the API has its own."""

from django.urls import include, path

from connections import views as connections
from integrations import token_views as tokens
from monitoring import scrape
from monitoring import views as monitoring
from syncing import choice_views as choosing
from syncing import deciding_views as deciding
from syncing import duplicates_views as duplicates
from syncing import mapping_views as mapping
from syncing import records_views as own
from syncing import sending_views as sending
from syncing import views as syncing
from webhooks import farewell

_provider = [
    path("", monitoring.connection, name="connection"),
    path("progress/", monitoring.progress, name="progress"),
    path("connect/", connections.connect, name="connect"),
    path("connect/key/", connections.connect_key, name="connect_key"),
    path("welcome/", choosing.welcome, name="welcome"),
    path("sync/", syncing.sync_now, name="sync_now"),
    path("stop/", syncing.stop, name="stop"),
    path("pause/", connections.pause, name="pause"),
    path("resume/", connections.resume, name="resume"),
    path("settings/", choosing.settings, name="settings"),
    path("send/", sending.send, name="send"),
    path("fields/<str:object_type>/", mapping.rules_page, name="mapping"),
    path("disconnect/", connections.disconnect, {"farewell": farewell.say}, name="disconnect"),
    path("history/", syncing.history, name="history"),
    path("history/export.csv", syncing.history_csv, name="history_csv"),
    path("history/<str:reference>/", syncing.run, name="run"),
    path("history/<str:reference>/retry/", syncing.retry, name="retry_run"),
    path("records/<str:object_type>/", syncing.records, name="records"),
    path("records/<str:object_type>/<int:link>/", syncing.record, name="record"),
]
_own = [
    path("", own.own_records, name="own_records"),
    path("new/", own.new_record, name="new_record"),
    path("<uuid:record>/", own.own_record, name="own_record"),
    path("<uuid:record>/edit/", own.edit_record, name="edit_record"),
    path("<uuid:record>/delete/", own.delete_record, name="delete_record"),
]
urlpatterns = [
    path("", monitoring.home, name="home"),
    path("integrations/", monitoring.integrations, name="integrations"),
    path("integrations/now/", monitoring.integrations_now, name="integrations_now"),
    path("integrations/decide/", deciding.decide, name="decide"),
    path("integrations/duplicates/", duplicates.show, name="duplicates"),
    path("integrations/sync/", syncing.sync_everything, name="sync_everything"),
    path("integrations/records/<str:object_type>/", include(_own)),
    path("integrations/tokens/", tokens.show, name="tokens"),
    path("integrations/tokens/<uuid:token>/revoke/", tokens.revoke, name="revoke_token"),
    path("integrations/<str:provider>/", include(_provider)),
    path("api/v1/integrations/oauth/callback/<str:provider>", connections.callback, name="oauth_callback"),
    path("problems/<str:code>/", monitoring.problem, name="problem"),
    path("accounts/", include("allauth.urls")),
    path("_allauth/", include("allauth.headless.urls")),
    path("health/live", monitoring.live, name="live"),
    path("health/ready", monitoring.ready, name="ready"),
    path("metrics", scrape.metrics, name="metrics"),
]
