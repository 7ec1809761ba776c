"""The same catalogue in the languages of others' standards; no dialect knows another."""
