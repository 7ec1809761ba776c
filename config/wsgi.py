"""The server's entry point: `granian --interface wsgi config.wsgi:application`."""

from __future__ import annotations

import gc
from multiprocessing import parent_process
from typing import TYPE_CHECKING

from config.processes import end_with, when_asked_to_end
from config.wiring import gateway, settings

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# granian leaves its workers serving when it is killed itself.
if (_server := parent_process()) is not None and _server.pid is not None:
    end_with(_server.pid)
# A stream that waits for events would hold up the server's end until it is killed.
application: WSGIApplication = gateway(settings(), when_asked_to_end)
# What is loaded by now stays; to look it all through again for garbage holds every request up for 100 ms.
gc.freeze()
