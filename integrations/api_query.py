"""How the query of a request is read: every parameter by its name, and none that nobody knows."""

from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from integrations.api_contract import StrictSerializer


def asked(request: Request, kind: type[StrictSerializer]) -> dict[str, Any]:
    """Return the validated parameters. Raises ValidationError naming each that is unknown, malformed or given twice."""
    lists = dict(request.query_params.lists())
    twice = {name: ["It is given more than once."] for name, values in lists.items() if len(values) > 1}
    if twice:
        raise ValidationError(twice)
    serializer = kind(data={name: values[0] for name, values in lists.items()})
    serializer.is_valid(raise_exception=True)
    values: dict[str, Any] = serializer.validated_data
    return values
