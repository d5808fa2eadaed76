"""What do the Django processes find in their environment?"""

import os
from collections.abc import Mapping

from config.local.project import Project
from config.local.secrets import Secrets, throwaway

Variables = dict[str, str]
# The sandbox's providers can be asked faster than the real ones.
_PACE = "square=200,stripe=200,mailchimp=200,quickbooks=200"


def addresses(*, database_url: str, redis_url: str) -> Variables:
    """Where both servers are."""
    return {"DATABASE_URL": database_url, "REDIS_URL": redis_url}


def local(servers: Variables, secrets: Secrets, *, port: int, sandbox_url: str = "") -> Variables:
    """Settings of a run on this machine; with the sandbox also its address, its faster pace, and the demo's sign-in."""
    made = servers | {
        "BACKLINE_ENV": "local",
        "SECRET_KEY": secrets.secret_key,
        "FIELD_ENCRYPTION_KEYS": secrets.field_encryption_keys,
        "PUBLIC_URL": f"http://127.0.0.1:{port}",
    }
    if sandbox_url:
        made |= {"SANDBOX_URL": sandbox_url, "PROVIDER_CALLS_PER_SECOND": _PACE}
        made |= {"STAFF_NEEDS_SECOND_FACTOR": "false"}  # the passwords of the demo are on the screen
    return made


def production(servers: Variables) -> Variables:
    """Settings of a production that never was, for `check --deploy`; its keys are thrown away."""
    secrets = throwaway()
    return servers | {
        "BACKLINE_ENV": "production",
        "SECRET_KEY": secrets.secret_key,
        "FIELD_ENCRYPTION_KEYS": secrets.field_encryption_keys,
        "PUBLIC_URL": "https://backline.example",
        "ALLOWED_HOSTS": "backline.example",
    }


def surroundings(project: Project, inherited: Mapping[str, str] = os.environ) -> Variables:
    """The person's own environment, with the programs of `.venv` first and no proxy before this machine itself."""
    left_out = {"PYTHONHOME", "DJANGO_SETTINGS_MODULE"}
    kept = {name: value for name, value in inherited.items() if name not in left_out}
    for name in ("no_proxy", "NO_PROXY"):
        kept[name] = ",".join(filter(None, [kept.get(name, ""), "127.0.0.1", "localhost"]))
    kept["PATH"] = os.pathsep.join(filter(None, [str(project.bin), kept.get("PATH", os.defpath)]))
    return kept | {"VIRTUAL_ENV": str(project.venv), "PYTHONUNBUFFERED": "1"}
