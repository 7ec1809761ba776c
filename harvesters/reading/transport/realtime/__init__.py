"""Turn the entities of a GTFS Realtime message into rows, one file a kind of entity."""
