"""Every setting, from the environment, with defaults that work beside `./backline`; wrong ones are system checks."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONE, SELF
from environs import Env

from config import logs

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent


def required(name: str, what: str) -> str:
    """Return the variable, or end the start with one line that says what to set."""
    value = env.str(name, "")
    if not value:
        raise SystemExit(f"Backline cannot start: {name} is not set. It holds {what}; see docs/reference/settings.md.")
    return value


# --- Where we run -----------------------------------------------------------------------------------------------------
# local: ./backline and the tests; production: anything else. Only local allows the sandbox and plain http.
BACKLINE_ENV = env.str("BACKLINE_ENV", "production", validate=lambda value: value in {"local", "production"} or None)
LOCAL = BACKLINE_ENV == "local"
DEBUG = False  # Pages explain themselves; a traceback page would show settings.
SECRET_KEY = required("SECRET_KEY", "the key that signs sessions and states")
# Newest first, "id:base64 of 32 bytes"; every secret is sealed under a key derived from one of these.
FIELD_ENCRYPTION_KEYS = required("FIELD_ENCRYPTION_KEYS", "the master keys that seal tokens, as id:key pairs")
PUBLIC_URL = env.str("PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"] if LOCAL else [])
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]

# --- Providers --------------------------------------------------------------------------------------------------------
# The sandbox's address, for the demo and the tests only; a system check refuses it anywhere else.
SANDBOX_URL = env.str("SANDBOX_URL", "").rstrip("/")
# Our application at each provider. These are the ones that the sandbox knows.
SANDBOX_APPS = {
    "square": ("sandbox-sq0idb-backline", "sandbox-sq0csb-backline-secret"),
    "stripe": ("ca_SandboxBackline", "sk_test_SandboxBacklinePlatform"),  # the secret is the platform's secret key
    "mailchimp": ("418612345678", "5a1db0c4e7f2963847bd0e6f1c2a9b83d4e5f60718293a4b"),
    "quickbooks": ("ABSandboxBacklineQuickBooksOnlineApplication00", "BacklineSandboxQuickBooksSecretLettersOnly"),
}
PROVIDER_APPS = {
    provider: {
        "client_id": env.str(f"{provider.upper()}_CLIENT_ID", client_id if SANDBOX_URL else ""),
        "client_secret": env.str(f"{provider.upper()}_CLIENT_SECRET", client_secret if SANDBOX_URL else ""),
    }
    for provider, (client_id, client_secret) in SANDBOX_APPS.items()
}
# What signs the events of each provider, by our application there; two while one is being replaced. A webhook that
# belongs to one connection has a secret of its own, sealed in its row. The sandbox's QuickBooks signs with this one.
SANDBOX_WEBHOOK_SECRETS = {"quickbooks": ["7d1c0b52-sandbox-verifier-token"]}
WEBHOOK_SECRETS: dict[str, list[str]] = {
    provider: env.list(
        f"{provider.upper()}_WEBHOOK_SECRETS", SANDBOX_WEBHOOK_SECRETS.get(provider, []) if SANDBOX_URL else []
    )
    for provider in SANDBOX_APPS
}
# What may register webhooks of our application: where a provider's API takes none, and where secrets of webhooks that
# were registered by hand are set above, nothing is registered for it.
SANDBOX_SQUARE_TOKEN = "EAAAlBacklineSandboxApplicationToken"  # noqa: S105 - opens nothing but the sandbox
APPLICATION_TOKENS = {
    "square": env.str("SQUARE_APPLICATION_TOKEN", SANDBOX_SQUARE_TOKEN if SANDBOX_URL else ""),
    "stripe": PROVIDER_APPS["stripe"]["client_secret"],
}
# Overrides of the calls a second that `spec.py` allows for one account: "square=200,stripe=15".
PROVIDER_CALLS_PER_SECOND: dict[str, float] = env.dict("PROVIDER_CALLS_PER_SECOND", {}, subcast_values=float)

# --- Django -----------------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "config.apps.BacklineAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.headless",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "django_structlog",
    "csp",
    "integrations",
    "connections",
    "mappings",
    "syncing",
    "webhooks",
    "monitoring",
]
MIDDLEWARE = [
    "integrations.request_ids.RequestIds",  # outermost: every answer tells its id
    "django.middleware.security.SecurityMiddleware",
    "webhooks.door.Door",  # before everything that is made for people
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "integrations.walled_requests.Walled",  # before anything asks for a venue's rows
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monitoring.context.shell",
            ],
        },
    },
]

# --- PostgreSQL: the only database ------------------------------------------------------------------------------------
DATABASES = {"default": env.dj_db_url("DATABASE_URL", "postgres:///backline")}
DATABASES["default"] |= {
    "ENGINE": "integrations.walled",  # PostgreSQL, told which venues it may show
    "CONN_MAX_AGE": 60,
    "CONN_HEALTH_CHECKS": True,
    "OPTIONS": {
        "connect_timeout": 5,
        # Nobody waits for ever: not for a lock, not for a statement, not in a forgotten transaction.
        "options": "-c lock_timeout=3s -c statement_timeout=15s -c idle_in_transaction_session_timeout=30s"
        # Rows are looked up by a thousand keys at a time, in memory or on a disk that has no heads to move.
        " -c timezone=UTC -c random_page_cost=1.1",
        **DATABASES["default"].get("OPTIONS", {}),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis or Valkey: the doorbell, the cache and the pace of calls ---------------------------------------------------
REDIS_URL = env.str("REDIS_URL", "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "backline",
        "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 1},
    },
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"  # a flushed cache signs nobody out

# --- Celery: rows are the queue, a message only says "look now" -------------------------------------------------------
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 120,
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "max_retries": 0,
    "health_check_interval": 10,
    "global_keyprefix": "backline:",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "syncing.tasks.work": {"queue": "syncs"},
    "webhooks.tasks.drain": {"queue": "webhooks"},
    "webhooks.tasks.tend": {"queue": "webhooks"},
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_ENABLE_UTC = True
CELERY_TIMEZONE = "UTC"

# --- Syncing ----------------------------------------------------------------------------------------------------------
SYNC_LEASE = timedelta(seconds=env.float("SYNC_LEASE_SECONDS", 30))  # a silent worker's job is taken over after this
SYNC_SLICE = timedelta(seconds=env.float("SYNC_SLICE_SECONDS", 10))  # then others get their turn
SYNC_MAX_ATTEMPTS = env.int("SYNC_MAX_ATTEMPTS", 8)  # tries in a row without a stored page
SYNC_PLACES_PER_PROVIDER = env.int("SYNC_PLACES_PER_PROVIDER", 4)  # threads of a worker for one provider at once
SYNC_PLACES_PER_VENUE = env.int("SYNC_PLACES_PER_VENUE", 4)  # jobs of one venue at work at once, over all workers
BREAKER_AFTER = env.int("BREAKER_AFTER", 5)  # calls of an account in a row without an answer, then it is left alone
BREAKER_REST = timedelta(seconds=env.float("BREAKER_REST_SECONDS", 30))  # for so long; then one worker asks
BREAKER_ACCOUNTS = env.int("BREAKER_ACCOUNTS", 3)  # silent accounts of a provider, then all of its accounts rest
SYNC_INTERVAL_MINUTES = env.int("SYNC_INTERVAL_MINUTES", 15)  # a new connection's default schedule
WORKER_LOOK_SECONDS = env.float("WORKER_LOOK_SECONDS", 2)  # how often an idle worker looks at the table by itself

# --- People -----------------------------------------------------------------------------------------------------------
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/integrations/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"  # accounts are made by staff; nobody signs up alone
ACCOUNT_ADAPTER = "integrations.accounts.InvitedOnlyAdapter"
ACCOUNT_SESSION_REMEMBER = None
# Our team works over all venues only in a session with a second factor; owners may set one up for their sign-in.
STAFF_NEEDS_SECOND_FACTOR = env.bool("STAFF_NEEDS_SECOND_FACTOR", True)
MFA_ADAPTER = "connections.factors.SealedFactors"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]  # security keys want scripts inside pages, which our policy forbids
MFA_ALLOW_UNVERIFIED_EMAIL = True  # staff make the accounts and know the addresses
# Sign-in for frontends of one page, under /_allauth/browser/v1/: the same session and CSRF token as the pages.
HEADLESS_CLIENTS = ("browser",)
EMAIL_BACKEND = env.str("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Backline <backline@localhost>")

# --- API --------------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "integrations.token_auth.BearerToken",
        "integrations.api_contract.SessionWithChallenge",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["integrations.api_bodies.BodyParser"],
    "DEFAULT_RENDERER_CLASSES": ["integrations.api_contract.FastJSONRenderer"],
    "DEFAULT_SCHEMA_CLASS": "integrations.api_schema.ContractSchema",
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is refused: the description is at /api/v1/schema/
    "EXCEPTION_HANDLER": "integrations.problems.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,  # ?format=csv is the history's own business
}
API_REQUESTS_PER_MINUTE = env.int("API_REQUESTS_PER_MINUTE", 600)  # of one caller
API_WRITES_PER_MINUTE = env.int("API_WRITES_PER_MINUTE", 120)  # of these; a write carries up to a thousand records
API_BODY_BYTES = env.int("API_BODY_BYTES", 10_000_000)
SPECTACULAR_SETTINGS = {
    "TITLE": "Backline",
    "DESCRIPTION": "Connections, syncs and their status for a venue's integrations.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},  # no badge from another origin
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_PATCH": False,  # what a change must hold, it must hold
    "COMPONENT_SPLIT_REQUEST": True,  # what is taken in is stricter than what is told
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_NAME_OVERRIDES": {
        "ConnectionStatus": "connections.models.Status",
        "CardStatus": "monitoring.wording.CardStatus",
        "WorkStatus": "syncing.work.WorkStatus",
        "EntryAction": "syncing.own.Action",
        "RunOutcome": "syncing.models.Outcome",
        "ErrorClass": "integrations.providers.errors.ErrorClass",
        "ObjectName": "integrations.providers.types.ObjectType",
        "SyncMode": "syncing.models.Mode",
        "EventRetryMode": "webhooks.recovery.How",
        "TokenScope": "integrations.models.Scope",
        "TokenState": "integrations.api_tokens.State",
        "RecordState": "syncing.models.LinkState",
    },
}

# --- Browser ----------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    },
}
SECURE_TRANSPORT = urlsplit(PUBLIC_URL).scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_TRANSPORT
SESSION_COOKIE_NAME = "__Host-session" if SECURE_TRANSPORT else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_TRANSPORT else "csrf"
SESSION_COOKIE_SAMESITE = "Lax"  # Lax: the provider's redirect back must carry the session
SECURE_SSL_REDIRECT = SECURE_TRANSPORT and env.bool("SECURE_SSL_REDIRECT", True)
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_TRANSPORT else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_TRANSPORT
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

# --- Words, times, files ----------------------------------------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "var" / "static"
STATICFILES_DIRS = [BASE_DIR / "templates" / "static"]
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# --- Logs and errors --------------------------------------------------------------------------------------------------
LOG_FORMAT = env.str("LOG_FORMAT", "console" if LOCAL else "json")
LOGGING = logs.settings(LOG_FORMAT, env.str("LOG_LEVEL", "INFO"))
logs.configure()
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True  # RequestIds has replaced what is none
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
SENTRY_DSN = env.str("SENTRY_DSN", "")
if SENTRY_DSN:
    logs.report_to_sentry(SENTRY_DSN, BACKLINE_ENV)
