"""What every request passes before any view: credentials, limits, metering."""

from gateway.gate.address import Proxies
from gateway.gate.clock import Clock
from gateway.gate.embedded import EmbeddedLimiter
from gateway.gate.gate import Gate
from gateway.gate.identify import Identify
from gateway.gate.limits import Limiter
from gateway.gate.meter import Meter
from gateway.gate.remembered import Remembered
from gateway.gate.turns import Turns

__all__ = [
    "Clock",
    "EmbeddedLimiter",
    "Gate",
    "Identify",
    "Limiter",
    "Meter",
    "Proxies",
    "Remembered",
    "Turns",
]
