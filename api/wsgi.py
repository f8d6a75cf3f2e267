"""What gunicorn runs: `gunicorn -c api/gunicorn.conf.py api.wsgi:app`."""

from __future__ import annotations

import settings
from api.app import create_app

app = create_app(settings.get())
