"""The commands of `entrepot`, one file per kind of work."""
