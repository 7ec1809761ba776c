"""What asks the parts of a snapshot by DuckDB, where no index helps."""
