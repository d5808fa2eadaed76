"""Where a benchmark runs: a database of its own, and for each part a process and a sandbox of its own."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import requests

ROOT = Path(__file__).resolve().parent.parent
DATABASE = "backline_bench"
_LIKE_A_WORKER = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "2000000"}  # as the Procfile starts one


def own_database() -> dict[str, str]:
    """Make an empty database beside the configured one and return the environment that names it."""
    url = urlsplit(os.environ["DATABASE_URL"])
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {DATABASE}")
    environment = os.environ | {"DATABASE_URL": urlunsplit(url._replace(path=f"/{DATABASE}")), "LOG_LEVEL": "ERROR"}
    release = [sys.executable, "manage.py", "release", "-v0"]
    subprocess.run(release, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL)
    return environment


def measured(
    asked: argparse.Namespace,
    part: Callable[[argparse.Namespace], dict[str, Any]],
    measure: Callable[[str, argparse.Namespace, dict[str, str]], bool],
) -> int:
    """Run a part where this process is one, else measure every provider; return 1 when one falls short of its goals."""
    if asked.part:
        print(json.dumps(part(asked)))
        return 0
    environment = own_database()
    met = [measure(provider, asked, environment) for provider in asked.provider]
    return 0 if all(met) else 1


def run(
    module: str,
    provider: str,
    arguments: Sequence[str],
    environment: dict[str, str],
    *,
    sizes: Sequence[str],
    latency: int = 0,
) -> dict[str, Any]:
    """Return what a part of a benchmark measured: the last line that its process printed, as JSON."""
    wished = [word for size in sizes for word in ("--size", size)]
    sandbox = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--die-with-parent", *wished],
        cwd=ROOT, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        url = json.loads(sandbox.stdout.readline())["url"]  # type: ignore[union-attr]
        unlimited = {"per_minute": None} if provider == "quickbooks" else {}
        settings = {"latency_ms": latency} | unlimited
        requests.post(f"{url}/_control/{provider}/settings", json=settings, timeout=10).raise_for_status()
        answer = subprocess.run(
            [sys.executable, "-m", module, *arguments, "--one", provider, "--sandbox", url],
            cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
            env=environment | _LIKE_A_WORKER | {"SANDBOX_URL": url, "PROVIDER_CALLS_PER_SECOND": f"{provider}=100000"},
        )  # fmt: skip
        return dict(json.loads(answer.stdout.splitlines()[-1]))
    finally:
        sandbox.terminate()
        sandbox.wait()
