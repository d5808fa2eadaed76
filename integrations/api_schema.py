"""What does the contract add to every operation of the OpenAPI document? Its headers, and the refusals it makes."""

from typing import Any

from drf_spectacular.openapi import AutoSchema

from integrations import idempotency, problems, request_ids
from integrations.api_docs import LONGEST_ASKED, problem_example

_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
_REQUEST_ID = {
    "in": "header", "name": request_ids.HEADER, "schema": _TEXT,
    "description": "Your id for the request, 8 to 64 of A-Z, a-z, 0-9, `-`, `_` and `.`; any other is replaced.",
}  # fmt: skip
_KEY = {
    "in": "header", "name": idempotency.HEADER,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": r"^[\x21-\x7e]+$"},
    "description": "Your key for the request: sent again with the same body, it has the same answer and one effect.",
}  # fmt: skip
_IF_NONE_MATCH = {
    "in": "header", "name": "If-None-Match", "schema": _TEXT, "description": "An ETag you have: 304 while it holds.",
}  # fmt: skip
_ON_EVERY_ANSWER = {
    request_ids.HEADER: {"schema": _TEXT, "description": "The id of the request."},
    "RateLimit": {"schema": _TEXT, "description": 'What is left, such as `"requests";r=599;t=60`.'},
    "RateLimit-Policy": {"schema": _TEXT, "description": 'The limits, such as `"requests";q=600;w=60`.'},
}
_REPLAYED = {
    idempotency.REPLAYED: {"schema": _TEXT, "description": "`true` on an answer that is told again."},
}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
_ETAG = {"ETag": {"schema": _TEXT, "description": "For If-None-Match."}}
_SAYS = {"enum", "format", "pattern", "maxLength"}
_OF_ALL = ("validation_failed", "not_acceptable", "rate_limited", "internal")
_OF_BODIES = ("validation_failed", "too_large", "unsupported")
_OF_KEYS = ("validation_failed", "in_progress", "key_reused")


class ContractSchema(AutoSchema):
    """Describes a view with what the contract adds to it."""

    def get_operation(self, *args: Any, **kwargs: Any) -> Any:
        """Return the operation, None where the view describes none."""
        operation = super().get_operation(*args, **kwargs)
        if operation is None:
            return None
        parameters, responses = operation.setdefault("parameters", []), operation["responses"]
        for each in parameters:
            _bound(each)
        parameters.append(_REQUEST_ID)
        if self.method == "GET" and getattr(self.view, "tells_unchanged", False):
            parameters.append(_IF_NONE_MATCH)
            responses["304"] = {"description": "It is as you have it."}
            _with_headers(responses["200"], _ETAG)
        if "requestBody" in operation:
            _refuse(responses, *_OF_BODIES)
        if self.method == "POST" and getattr(self.view, "acts", False) and getattr(self.view, "keeps_answers", False):
            parameters.append(_KEY)
            _refuse(responses, *_OF_KEYS)
            for response in (each for status, each in responses.items() if status < "300"):
                _with_headers(response, _REPLAYED)
        _refuse(responses, *_OF_ALL)
        _with_headers(responses["429"], _RETRY_AFTER)
        for response in responses.values():
            _with_headers(response, _ON_EVERY_ANSWER)
        operation["responses"] = dict(sorted(responses.items()))
        return operation


def _bound(parameter: dict[str, Any]) -> None:
    """Say how long a text in a query may be, where nothing else says what it is."""
    schema = parameter.get("schema", {})
    if parameter["in"] == "query" and schema.get("type") == "string" and not _SAYS & schema.keys():
        schema["maxLength"] = LONGEST_ASKED


def _with_headers(response: dict[str, Any], headers: dict[str, Any]) -> None:
    response["headers"] = response.get("headers", {}) | headers


def _refuse(responses: dict[str, Any], *codes: str) -> None:
    """Add refusals to those that the view has by itself."""
    for code in codes:
        status = str(problems.CODES[code][0])
        response = responses.setdefault(status, {"description": ""})
        told = response.setdefault("content", {}).setdefault(problems.MEDIA_TYPE, {"schema": _PROBLEM})
        examples = told.setdefault("examples", {})
        if code not in {each["value"]["code"] for each in examples.values()}:
            examples[code] = {"value": problem_example(code)}
            response["description"] = " or ".join(filter(None, (response["description"], f"`{code}`")))
