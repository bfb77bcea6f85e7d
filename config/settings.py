"""Settings of CRM AutoPilot, grouped by concern; docs/reference/settings.md explains each variable."""

import hashlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

from config import env

BASE_DIR = Path(__file__).resolve().parent.parent

# --- Profile, secrets, addresses -----------------------------------------------------------------
CRM_PROFILE = env.text("CRM_PROFILE", "development")
if CRM_PROFILE not in {"development", "production", "test"}:
    raise env.SettingError(f"CRM_PROFILE={CRM_PROFILE!r}. Use development, production or test.")
PRODUCTION = CRM_PROFILE == "production"
DEBUG = env.flag("CRM_DEBUG")
DATA_DIR = Path(env.text("CRM_DATA_DIR", str(BASE_DIR / "data"))).resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True, mode=0o700)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR / "secret-key")
FIELD_KEYS = env.words("FIELD_KEYS") or env.secret("FIELD_KEY", DATA_DIR / "field-key").splitlines()
AUDIT_KEY = env.secret("AUDIT_KEY", DATA_DIR / "audit-key")
SITE_URL = env.text("SITE_URL", f"http://localhost:{env.number('PORT', 8000)}").rstrip("/")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS") or [urlsplit(SITE_URL).hostname or "localhost", "localhost", "127.0.0.1"]
if CRM_PROFILE == "test":
    ALLOWED_HOSTS += ["testserver"]
CSRF_TRUSTED_ORIGINS = [SITE_URL]
TRUSTED_PROXIES = env.number("TRUSTED_PROXIES", 0)

# --- Applications --------------------------------------------------------------------------------
INSTALLED_APPS = [
    "core",
    "accounts",
    "crm",
    "outreach",
    "campaigns",
    "billing",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django_htmx",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    "guardian",
    "django_q",
    "ninja",
]

MIDDLEWARE = [
    "core.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "core.middleware.ContentPolicyMiddleware",
    "core.middleware.CompressMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.middleware.SessionActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.middleware.ActorMiddleware",
    "core.throttles.RateMiddleware",
    "core.pages.HouseErrorMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.shell",
            ],
            "loaders": [("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", _LOADERS)])],
            "builtins": [
                "django.templatetags.i18n",
                "template_partials.templatetags.partials",
                "core.templatetags.routes",
            ],
        },
    }
]

# --- Data ----------------------------------------------------------------------------------------
DATABASES = {"default": env.database("DATABASE_URL", DATA_DIR)}
if CRM_PROFILE == "test":
    DATABASES["default"]["CONN_MAX_AGE"] = 0  # a kept connection would hold the test database
    if not env.text("DATABASE_URL"):  # in memory it would be one connection to all threads of a live server
        DATABASES["default"]["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ATOMIC_REQUESTS = False
REDIS_URL = env.text("REDIS_URL")
_REDIS = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
CACHES = {
    "default": _REDIS if REDIS_URL else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"},
    "calls": _REDIS
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "LOCATION": "calls",
        "OPTIONS": {"MAX_ENTRIES": 20_000},  # a flood of new callers must not push counters out
    },
}
MEDIA_ROOT = DATA_DIR / "files"
BACKUP_DIR = Path(env.text("BACKUP_DIR", str(DATA_DIR / "backups")))
BACKUP_KEY = env.secret("BACKUP_KEY", DATA_DIR / "backup-key")
FILE_UPLOAD_PERMISSIONS = 0o600
FILE_UPLOAD_DIRECTORY_PERMISSIONS = 0o700
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_500_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
UPLOAD_MAX_BYTES = env.number("UPLOAD_MAX_BYTES", 20_000_000)
IMPORT_MAX_BYTES = env.number("IMPORT_MAX_BYTES", 300_000_000)
FILE_UPLOAD_HANDLERS = [
    "core.files.UploadLimit",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]

# --- Queue: a doorbell; the rows in core are the ledger ------------------------------------------
_INSTALL = hashlib.sha256(f"queue {SECRET_KEY}".encode()).hexdigest()[:12]
Q_CLUSTER = {
    "name": f"crm-{_INSTALL}",  # two installs on one Redis must not eat each other's rings
    "workers": env.number("WORKERS", 2),
    "queue_limit": env.number("WORKERS", 2),
    "bulk": 1,
    "timeout": 90,
    "retry": 300,
    "max_attempts": 1,
    "ack_failures": True,
    "poll": 0.2,
    "save_limit": -1,
    "catch_up": False,
    "recycle": 500,
    **({"max_rss": 125_000} if sys.platform == "linux" else {}),  # kB; elsewhere it is counted in bytes
    "scheduler": False,
    "label": "Queue",
    **({"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}),
}

# --- People --------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "accounts.backends.RoleBackend",
    "accounts.backends.SignInBackend",
    "guardian.backends.ObjectPermissionBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
SOCIALACCOUNT_ADAPTER = "accounts.adapters.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_LOGIN_ON_GET = False
MFA_ADAPTER = "accounts.adapters.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not PRODUCTION
MFA_TOTP_ISSUER = "CRM AutoPilot"
REQUIRE_STAFF_MFA = env.flag("REQUIRE_STAFF_MFA", default=PRODUCTION)
USERSESSIONS_TRACK_ACTIVITY = True
ANONYMOUS_USER_NAME = None
GUARDIAN_MONKEY_PATCH_USER = False
GUARDIAN_USER_OBJ_PERMS_MODEL = "accounts.UserShare"
GUARDIAN_GROUP_OBJ_PERMS_MODEL = "accounts.TeamShare"

# --- Security ------------------------------------------------------------------------------------
SECURE_CSP = {
    "default-src": ["'none'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "font-src": ["'self'"],
    "connect-src": ["'self'"],
    "manifest-src": ["'self'"],
    "frame-src": ["'self'"],
    "form-action": ["'self'", "https://checkout.stripe.com"],
    "frame-ancestors": ["'none'"],
    "base-uri": ["'none'"],
}
TIERS = {"anonymous": 60, "session": 1_200, "standard": 1_200, "high": 12_000}
"""By tier of the caller: strangers by address, people by account, keys by what an administrator gave them."""
API_CALLS_PER_MINUTE = {} if CRM_PROFILE == "test" else TIERS
X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "core.pages.csrf_failed"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
    SECURE_SSL_REDIRECT = env.flag("SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME = "__Host-session"
    CSRF_COOKIE_NAME = "__Host-csrf"

# --- Outside world: every vendor's base address can be changed -----------------------------------
EMAIL_URL = env.secret("EMAIL_URL")
EMAIL_BACKEND = "core.mail.HouseMailBackend"
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"crm@{urlsplit(SITE_URL).hostname or 'localhost'}")
MAIL_DIR = Path(env.text("MAIL_DIR", str(DATA_DIR / "mail")))
MAIL_DROP_DIR = Path(env.text("MAIL_DROP_DIR", str(DATA_DIR / "inbound")))
IMAP_URL = env.secret("IMAP_URL")
INBOUND_SECRET = env.secret("INBOUND_SECRET")
OPENAI_API_KEY = env.secret("OPENAI_API_KEY")
OPENAI_BASE_URL = env.text("OPENAI_BASE_URL", "https://api.openai.com/v1")
OPENAI_MODEL = env.text("OPENAI_MODEL", "gpt-4o-mini-2024-07-18")
OPENAI_DAILY_BUDGET_MICROS = env.number("OPENAI_DAILY_BUDGET_MICROS", 5_000_000)
OPENAI_PRICE_IN_MICROS = env.number("OPENAI_PRICE_IN_MICROS", 150_000)
OPENAI_PRICE_OUT_MICROS = env.number("OPENAI_PRICE_OUT_MICROS", 600_000)
STRIPE_API_KEY = env.secret("STRIPE_API_KEY")
STRIPE_API_BASE = env.text("STRIPE_API_BASE", "https://api.stripe.com")
STRIPE_WEBHOOK_SECRET = env.secret("STRIPE_WEBHOOK_SECRET")

# --- Languages, time, files, logs ----------------------------------------------------------------
LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("hi", "हिन्दी")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
LANGUAGE_COOKIE_NAME = "language"
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(DATA_DIR / "static")))
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
_MANIFEST = (STATIC_ROOT / "staticfiles.json").exists() and CRM_PROFILE != "test"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if _MANIFEST
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
WHITENOISE_USE_FINDERS = not _MANIFEST
WHITENOISE_AUTOREFRESH = CRM_PROFILE == "test"  # every test client begins a handler; none needs a list of all files
WHITENOISE_SKIP_COMPRESS_EXTENSIONS = ("map", "png", "jpg", "jpeg", "gif", "webp", "woff2", "zip", "gz", "br")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "core.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.text("LOG_LEVEL", "INFO")},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "django-q": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
        "mail.log": {"level": "WARNING"},
        "weasyprint": {"level": "ERROR"},
        "fontTools": {"level": "ERROR"},
    },
}
