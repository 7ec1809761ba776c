"""Where rows are: relations to shapes, metres, named areas, what is nearest."""
