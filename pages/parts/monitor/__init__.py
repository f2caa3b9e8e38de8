"""Parts of the pages under Monitor."""
