"""The product's addresses, and beside them the examples of the docs, as a page of the same origin would serve them."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.static import serve

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{name}</title>
<link rel="icon" href="data:,"><script type="module" src="/examples/{script}"></script></head>
<body><main><h1>{name}</h1>{body}</main></body></html>"""


@ensure_csrf_cookie
def widget(request: HttpRequest) -> HttpResponse:
    """Show the widget, as its how-to says."""
    body = '<backline-integrations venue="lantern-room"></backline-integrations>'
    return HttpResponse(_PAGE.format(name="Tonight", script="widget/backline-integrations.js", body=body))


@ensure_csrf_cookie
def typescript(request: HttpRequest) -> HttpResponse:
    """Run the compiled example."""
    body = '<ul id="integrations"></ul><button id="sync">Sync Square</button><p id="told" role="status"></p>'
    return HttpResponse(_PAGE.format(name="Typed", script="typescript/example.js", body=body))


urlpatterns = [
    path("examples/widget/", widget),
    path("examples/typescript/", typescript),
    path("examples/<path:path>", serve, {"document_root": settings.BASE_DIR / "docs" / "examples"}),
    path("", include("config.urls")),
]
handler500 = "monitoring.views.crashed"
