"""What the seller sees: the consent page and the page for requests that cannot be authorised. No scripts."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; display: grid; place-items: center; min-height: 100vh; background: Canvas; color: CanvasText; }
main { max-width: 30rem; margin: 2rem 1rem; padding: 2rem; border: 1px solid GrayText; border-radius: .75rem; }
h1 { font-size: 1.35rem; margin: 0 0 1rem; }
fieldset { border: 0; margin: 0 0 1rem; padding: 0; }
legend { font-weight: 600; padding: 0; }
label { display: block; padding: .25rem 0; }
ul { padding-left: 1.25rem; }
.answers { display: flex; gap: .75rem; margin-top: 1.5rem; }
button { font: inherit; padding: .6rem 1.4rem; border-radius: .5rem; border: 1px solid GrayText; cursor: pointer; }
#allow { background: #1a5fb4; border-color: #1a5fb4; color: white; }
.note { color: GrayText; font-size: .875rem; margin: 1.5rem 0 0; }
"""


def consent_page(
    *,
    application: str,
    provider: str,
    action: str,
    ticket: str,
    permissions: list[str],
    accounts: list[tuple[str, str]],
) -> str:
    """Who asks, for what, on behalf of which account; `action` is where the answer is posted."""
    asked = "".join(f"<li>{escape(permission)}</li>" for permission in permissions)
    return _page(
        f"{application} asks for access",
        f"""<h1>{escape(application)} would like to use your {escape(provider)} account</h1>
<form method="post" action="authorize/{escape(action)}">
<input type="hidden" name="ticket" value="{escape(ticket)}">
{_accounts(accounts)}
<p>It would be able to:</p>
<ul id="permissions">{asked}</ul>
<div class="answers">
<button id="allow" name="decision" value="allow">Allow</button>
<button id="deny" name="decision" value="deny">Deny</button>
</div>
</form>
<p class="note">This is the local sandbox of {escape(provider)}. No real account is touched.</p>""",
    )


def problem_page(title: str, sentence: str) -> str:
    return _page(title, f'<h1>{escape(title)}</h1><p id="problem">{escape(sentence)}</p>')


def _accounts(accounts: list[tuple[str, str]]) -> str:
    if len(accounts) == 1:
        account_id, name = accounts[0]
        return f'<input type="hidden" name="account" value="{escape(account_id)}"><p>Account: {escape(name)}</p>'
    choices = "".join(
        f'<label><input type="radio" name="account" value="{escape(account_id)}"{" checked" if place == 0 else ""}> '
        f"{escape(name)}</label>"
        for place, (account_id, name) in enumerate(accounts)
    )
    return f"<fieldset><legend>Which account?</legend>{choices}</fieldset>"


def _page(title: str, body: str) -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main>{body}</main></body></html>"
    )
