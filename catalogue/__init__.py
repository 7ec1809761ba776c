"""The front door of what the city publishes: open a catalogue, publish into it, ask it."""
