"""Files of geometries, as GDAL and we read them."""
