"""The owner's sentence for every error class, once: pages, API, mails and logs all take it from here."""

from integrations.providers import PROVIDERS
from integrations.providers.errors import ErrorClass, Invalid, PermissionMissing, ProviderError, Settled
from integrations.providers.types import ObjectType
from mappings import canonical

_PATTERNS: dict[ErrorClass, str] = {
    ErrorClass.AUTH: "{provider} no longer accepts our access.",
    ErrorClass.PERMISSION: "{provider} does not allow us to read {objects}. It needs the permission “{permission}”.",
    ErrorClass.MISSING_VALUE: "Some {objects} lack a value that {provider} needs.",
    ErrorClass.INVALID_VALUE: "{provider} did not accept {field}.",
    ErrorClass.DUPLICATE: "{provider} already has one of these {objects}.",
    ErrorClass.NOT_FOUND: "Something we asked for was deleted in {provider}.",
    ErrorClass.RATE_LIMIT: "{provider} asked us to slow down.",
    ErrorClass.PROVIDER_DOWN: "{provider} is not answering.",
    ErrorClass.CONFLICT: "Something was changed in {provider} and here since the last sync.",
    ErrorClass.BLOCKED: "Your {provider} account is restricted.",
    ErrorClass.OURS: "Something went wrong on our side. Our team has been told. Nothing is lost.",
}


def for_error(provider: str, object_type: str, error: ProviderError) -> str:
    """Return the sentence for an error met while syncing an object of a provider."""
    part = PROVIDERS[provider].parts[ObjectType(object_type)]
    scopes = {scope.name: scope.label for scope in PROVIDERS[provider].spec.scopes}
    needed = error.scope if isinstance(error, PermissionMissing) and error.scope else part.scope
    return _PATTERNS[error.error_class].format(
        provider=PROVIDERS[provider].spec.name,
        objects=canonical.OBJECTS[ObjectType(object_type)].plural,
        permission=scopes.get(needed, needed),
        field=f"“{error.field}”" if isinstance(error, Invalid) and error.field else "a value",
    )


def for_write(provider: str, object_type: str, error: ProviderError) -> str:
    """Return the sentence for a record that the provider did not take, with its own word for the field."""
    name, kind = PROVIDERS[provider].spec.name, ObjectType(object_type)
    if isinstance(error, Settled):
        whom = "person" if kind == ObjectType.CUSTOMER else canonical.OBJECTS[kind].singular
        return f"{name} protects this {whom} from the change; it stays as it is there."
    if isinstance(error, Invalid) and not error.code and str(error):  # found by us, and said in our words
        return f"Not sent to {name}: {str(error)[0].lower()}{str(error)[1:]}"
    if isinstance(error, PermissionMissing):
        sentence = for_error(provider, object_type, error)
        return sentence.replace("allow us to read", "allow us to change")
    return for_error(provider, object_type, error)


def ours(reference: str) -> str:
    """Return the sentence for a fault of ours, with the reference a person can quote."""
    return f"Something went wrong on our side. Our team has been told (reference {reference}). Nothing is lost."


def database_busy() -> str:
    """Return the sentence for a sync that has to wait for our own database."""
    return "Our database was busy."


def crash_loop() -> str:
    """Return the sentence for a job that ended its worker again and again."""
    return "This sync ended its worker several times in a row. Our team has been told. Nothing is lost."


def fewer_there(provider: str, object_type: str) -> str:
    """Return why everything is read again when the provider holds fewer than we do."""
    objects = canonical.OBJECTS[ObjectType(object_type)].plural
    return f"{PROVIDERS[provider].spec.name} has fewer {objects} than before, so some were deleted there."
