"""How data comes in: feeds, sources, formats, normalising, runs and their schedule."""
