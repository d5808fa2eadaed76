"""The Celery app: a doorbell for the rows in PostgreSQL, and the worker's own look at them."""

import os
import warnings

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# On a newcomer's machine the worker may run as root: it unpickles nothing, and the warning hides the welcome.
if os.environ.get("BACKLINE_ENV") == "local":
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")

app = Celery("backline")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# A worker also looks at its tables by itself; by name, because models exist only once Django is set up.
app.steps["worker"].update(("syncing.look:Look", "webhooks.look:Look", "webhooks.look:UpkeepLook"))
