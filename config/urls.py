"""Every address of the house."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("config.page_urls")),
    path("", include("config.api_urls")),
    path("admin/", admin.site.urls),
]
handler400 = "monitoring.views.unreadable"
handler500 = "monitoring.views.crashed"
