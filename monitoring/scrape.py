"""The platform's own figures as text at a fixed address, for what scrapes them: a program without a person."""

import secrets

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from integrations import walls
from monitoring import exposition, queue_metrics


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer what waits and runs as text for Prometheus, to whoever shows the token that the settings name.

    Raises Http404 where they name none. The figures are those of the API's `queue-metrics`; no venue is in them.
    """
    if not settings.METRICS_TOKEN:
        raise Http404
    shown = request.headers.get("Authorization", "").encode()
    if not secrets.compare_digest(shown, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    with walls.behind(walls.PLATFORM):
        told = queue_metrics.told()["results"]
    return HttpResponse(exposition.text(queue_metrics.families(told)), content_type=exposition.CONTENT_TYPE)
