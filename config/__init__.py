"""Composition root: settings, routes, the assembled API; nothing imports it."""

import sys
import warnings

# Debian 12's own SQLite (3.40) can corrupt a WAL database when two connections checkpoint at once
# (fixed in 3.51.3); the wheel brings a repaired one. Where there is no wheel the standard module stays.
try:
    import pysqlite3
except ImportError:
    pass
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

warnings.filterwarnings("ignore", message="The django-fsm package is no longer maintained")
warnings.filterwarnings("ignore", message=".*django-fsm.*", category=UserWarning)
