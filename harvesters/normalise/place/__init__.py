"""Where rows are: coordinates, their reference system, and geometries mended."""
