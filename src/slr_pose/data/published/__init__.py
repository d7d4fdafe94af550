"""The data sets of the field as they come: their index files -> clips."""
