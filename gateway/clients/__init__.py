"""People, applications, keys, plans and usage: everything the gateway knows of who calls it."""

from gateway.clients.clients import Clients
from gateway.clients.credentials import Credential

__all__ = ["Clients", "Credential"]
