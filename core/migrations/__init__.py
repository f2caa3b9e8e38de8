"""Steps from one schema of the database to the next, applied in order when the database is opened."""
