"""Which models there are, which one is served, and what must be shown before another takes its place."""
