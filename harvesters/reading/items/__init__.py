"""Documents and services that list items."""
