"""Steps from one schema of the decisions to the next, applied in order when the database is opened."""
