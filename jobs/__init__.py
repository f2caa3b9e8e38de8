"""Command lines, `python -m jobs.<name>`; each has `main(argv=None) -> int`."""
