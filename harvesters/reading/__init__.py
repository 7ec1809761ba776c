"""What formats share: archives, encodings, headers, cells cut from text, items, sheets and shapefiles."""
