"""What each call is given on its way, as schemathesis makes it. Run by schemathesis."""

import os
from typing import Any
from urllib.parse import unquote

import schemathesis

FORM_TOKEN = "b" * 32


@schemathesis.hook
def before_call(_: Any, case: Any, __: Any) -> None:
    """Send the form token with the call, as a browser does, and ask the address that is meant.

    Nothing, a dot or two as an id ask another address, however they are written: they are resolved before it is sent.
    """
    case.cookies = {**(case.cookies or {}), os.environ["FORM_TOKEN_COOKIE"]: FORM_TOKEN}
    case.headers["X-CSRFToken"] = FORM_TOKEN
    for name, value in (case.path_parameters or {}).items():
        if unquote(str(value)) in ("", ".", ".."):
            case.path_parameters[name] = "nothing"
