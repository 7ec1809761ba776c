"""Where the parts meet: settings, wiring, the command line."""

__version__ = "0.1.0"
