"""What cells mean: numbers, times, units, codes."""
