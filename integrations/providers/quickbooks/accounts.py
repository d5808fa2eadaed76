"""Which account money lies in until somebody takes it to the bank: asked once for each session."""

from integrations.providers.http import ApiSession
from integrations.providers.quickbooks import client, queries
from integrations.providers.quickbooks.reading import listed

_UNDEPOSITED = "quickbooks undeposited funds"  # in a session's memory: the id of that account
_KIND = "UndepositedFunds"  # an owner may have given the account another name


def undeposited(api: ApiSession) -> str:
    """Return the id of the account for undeposited funds, "" where the books have none. One call, once a session."""
    with api.memory_lock:
        if _UNDEPOSITED not in api.memory:
            entity = "Account"
            asked = queries.select(entity, [("AccountSubType", "=", _KIND)], order_by="Id", rows=1)
            found = listed(client.query(api, asked), entity)
            api.memory[_UNDEPOSITED] = str(found[0].get("Id") or "") if found else ""
        return str(api.memory[_UNDEPOSITED])
