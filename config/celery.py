"""The Celery app: a doorbell for the rows in PostgreSQL, and the worker's own look at them."""

import os
import warnings
from typing import Any

from celery import Celery, Task, signals

from integrations import walls

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# On a newcomer's machine the worker may run as root: it unpickles nothing, and the warning hides the welcome.
if os.environ.get("BACKLINE_ENV") == "local":
    warnings.filterwarnings("ignore", message="You're running the worker with superuser privileges")


class WalledTask(Task):
    """A task that sees the whole house: it chooses among the rows of all venues. A turn sees its venue alone."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task."""
        with walls.behind(walls.PLATFORM):
            return super().__call__(*args, **kwargs)


@signals.worker_init.connect
@signals.beat_init.connect
def _shut(**_: object) -> None:
    walls.shut()


app = Celery("backline", task_cls=WalledTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# A worker also looks at its tables by itself; by name, because models exist only once Django is set up.
app.steps["worker"].update(("syncing.look:Look", "webhooks.look:Look", "webhooks.look:UpkeepLook"))
