"""The only caches of the pages: keyed by names and hashes, never by arrays, and every one bounded."""
