"""People, applications, keys, usage and subscriptions."""
