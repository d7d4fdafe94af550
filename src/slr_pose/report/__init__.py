"""Pages that people look at: one HTML file each, which needs no network."""
