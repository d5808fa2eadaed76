"""What each code of `integrations.problems.CODES` means and what to do about it: the text of /problems/<code>/."""

# code -> (what happened, what to do)
EXPLANATIONS: dict[str, tuple[str, str]] = {
    "validation_failed": (
        "Something that was sent is missing or has a form that cannot be used. Nothing was changed.",
        "Correct the fields that the answer names and send it again.",
    ),
    "state_invalid": (
        "A provider sent someone back to Backline with a sign-in that we did not begin. Nothing was stored.",
        "Start again from the integrations page.",
    ),
    "state_foreign_session": (
        "A sign-in has to end in the browser, and by the person, that it began with. This protects you from links that "
        "would connect someone else's account. Nothing was stored.",
        "Sign in to Backline in this browser and start again from the integrations page.",
    ),
    "state_wrong_provider": (
        "The answer came from another provider than the one the sign-in began for. Nothing was stored.",
        "Start again from the integrations page.",
    ),
    "not_authenticated": (
        "Nobody is signed in, or the session has ended.",
        "Sign in and open the page again.",
    ),
    "token_rejected": (
        "The token that came with the request is unknown, has ended, or was revoked; or its person cannot sign in any "
        "more. Nothing was done.",
        "Make a new one on the page “API tokens” of the venue, and put it in the place of the old one.",
    ),
    "signature_invalid": (
        "A delivery did not carry a signature that fits its bytes, its time and a secret known here. Nothing of it was "
        "used.",
        "Compare the address and the signing secret at the provider with those that Backline was given.",
    ),
    "forbidden": (
        "You belong to this venue, but your role does not include this step. Nothing was changed.",
        "Ask a venue admin to do it, or to give you the role.",
    ),
    "second_factor_needed": (
        "What our team may do over all venues takes a session that began with a second factor, a code from an app. "
        "This one did not. Nothing was done.",
        "Set up your second factor, or sign in again with it.",
    ),
    "not_found": (
        "There is nothing at this address, or it belongs to a venue that you are not a member of.",
        "Check the address, or ask a venue admin to add you.",
    ),
    "method_not_allowed": (
        "The address exists, but not for this kind of request.",
        "The Allow header of the answer names the kinds it takes.",
    ),
    "not_acceptable": ("The address answers in JSON only.", "Send Accept: application/json, or leave the header out."),
    "conflict": (
        "The step is fine by itself but does not fit how things stand now. Nothing was changed.",
        "Read the sentence beside the code: it names what stands in the way.",
    ),
    "already_connected": (
        "A venue has one connection to each provider, and this one is there already.",
        "Reconnect it to renew the access, or disconnect it first to use another account.",
    ),
    "not_connected": ("The provider is not connected, so there is nothing to sync.", "Connect it first."),
    "reauth_required": (
        "The provider no longer accepts our access. Nothing is lost; what waits goes on after the reconnect.",
        "Reconnect from the integrations page.",
    ),
    "different_account": (
        "The sign-in was for another account than the one this venue is connected to. Nothing was changed, so that "
        "records of two accounts never mix.",
        "Sign in to the account that is connected, or disconnect first.",
    ),
    "state_used": (
        "Each sign-in works once. This one had been finished before; nothing more was done.",
        "Look at the integrations page: the connection is probably there.",
    ),
    "busy": (
        "What was asked for needs something that is still under way, such as the first reading of what is there.",
        "Wait until that is done, then ask again.",
    ),
    "plan_stale": (
        "What would be sent is no longer what you looked at: a record changed here or there. Nothing was sent.",
        "Look at the plan again, and send it if it is right.",
    ),
    "filter_required": (
        "An action over many venues has to say which work is meant. Nothing was done.",
        "Name a venue, a provider, an object, a class, a cause or some ids.",
    ),
    "confirm_mismatch": (
        "What would be done is no longer what was confirmed, or the confirmation is older than a quarter of an hour. "
        "Nothing was done.",
        "Ask once more with dry_run, look at the numbers, and send the new confirm.",
    ),
    "in_progress": ("The same request is still being worked on.", "Wait a few seconds and ask for its result."),
    "state_expired": (
        "A sign-in has to be finished within ten minutes. Nothing was stored.",
        "Start again from the integrations page.",
    ),
    "stale_version": (
        "What you wanted to change was changed by somebody else since you read it. Nothing was changed by you.",
        "Read it again, look at what is different and send your change with the new version.",
    ),
    "too_large": ("A body was larger than what this address takes. Nothing was stored.", "Send less at once."),
    "unsupported": ("The body has a type that cannot be read.", "Send JSON with Content-Type: application/json."),
    "credentials_rejected": (
        "The provider did not accept the key, so it was not stored. A key that was there before is still in use.",
        "Copy the key again at the provider and paste it whole.",
    ),
    "insufficient_scope": (
        "The key works, but lacks a permission that we need. It was not stored.",
        "Give it the permission at the provider, or make a new key.",
    ),
    "key_reused": (
        "An Idempotency-Key stands for one request: its method, its address and its body. This one was sent with "
        "another in the last 24 hours. Nothing was done.",
        "Send a new request with a new key, such as a random UUID; keep the key only to send the same one again.",
    ),
    "mapping_broken": (
        "A rule names a field that is not there, puts a value where it does not fit, or two rules fill the same field. "
        "Nothing was saved.",
        "Correct the rules that are named, or take the last version back.",
    ),
    "not_refreshable": ("This access has no end, so there is nothing to renew.", "Nothing needs to be done."),
    "rate_limited": (
        "More requests came than are taken in a minute, here or at the provider. Nothing was done.",
        "Wait as long as the Retry-After header says, then go on. The RateLimit header tells what is left.",
    ),
    "internal": (
        "A fault of ours kept the request from being answered. It is in our log under the request_id of the answer.",
        "Send it again; with its Idempotency-Key it has one effect. If it happens twice, tell us the request_id.",
    ),
    "exchange_failed": (
        "The provider did not confirm the sign-in. Nothing was stored.",
        "Start again from the integrations page. If it happens twice, look at the provider's status page.",
    ),
    "provider_down": (
        "The provider did not answer in time. Nothing was stored and nothing is lost.",
        "Syncs go on by themselves when it is back. To connect, start again in some minutes.",
    ),
    "unavailable": (
        "Our database could not store what was delivered. Nothing of it was used.",
        "Deliver it again after the time that the Retry-After header says.",
    ),
}
