"""The same request sent by many clients at the same moment, over real HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests
from django.conf import settings
from django.test import Client

REPLAYED = "Idempotent-Replayed"


def at_once(url: str, person: Any, body: dict[str, Any], *, key: str, clients: int) -> list[requests.Response]:
    """Return the last answer to each client; who is told that it is under way asks again without a pause."""
    browser, form_token = Client(), "c" * 32
    browser.force_login(person)
    cookies = {
        settings.SESSION_COOKIE_NAME: browser.cookies[settings.SESSION_COOKIE_NAME].value,
        settings.CSRF_COOKIE_NAME: form_token,
    }
    ready = threading.Barrier(clients)

    def send(_: int) -> requests.Response:
        with requests.Session() as client:
            client.cookies.update(cookies)
            client.headers.update({"Idempotency-Key": key, "X-CSRFToken": form_token})
            ready.wait()
            while (answer := client.post(url, json=body, timeout=30)).status_code == 409:
                assert answer.json()["code"] == "in_progress"
        return answer

    with ThreadPoolExecutor(clients) as pool:
        return list(pool.map(send, range(clients)))


def assert_one_effect(answers: list[requests.Response]) -> None:
    """Fail unless one of them made something, and all the others were told its answer."""
    assert {(each.status_code, each.content, each.headers["Location"]) for each in answers} == {
        (201, answers[0].content, answers[0].headers["Location"])
    }
    assert sum(REPLAYED not in each.headers for each in answers) == 1
