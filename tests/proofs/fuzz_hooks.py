"""What a browser adds by itself to each change: the form token, in its cookie and its header. Run by schemathesis."""

import os
from typing import Any

import schemathesis

FORM_TOKEN = "b" * 32


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Send the form token with the call."""
    case.cookies = {**(case.cookies or {}), os.environ["FORM_TOKEN_COOKIE"]: FORM_TOKEN}
    case.headers["X-CSRFToken"] = FORM_TOKEN
