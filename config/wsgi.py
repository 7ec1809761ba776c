"""The server's entry point: `granian --interface wsgi config.wsgi:application`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.serving import die_with_parent
from config.wiring import gateway, settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

die_with_parent()
application: WSGIApplication = gateway(settings())
