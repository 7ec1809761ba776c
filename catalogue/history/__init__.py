"""How a dataset goes on from snapshot to snapshot: what changed, what vanished, what was added."""
