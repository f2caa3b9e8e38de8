"""One lot: its stacked map, profiles and slots."""
