"""Training as the app knows it: its configuration, what it learns from, and the records of its runs. No torch."""
