"""How fast the work is, as a table: `python -m benchmarks`. What is compared runs in turns, in the same minutes."""
