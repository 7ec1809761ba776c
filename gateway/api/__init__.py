"""The native API under /api/v1: JSON, one blueprint per noun."""
