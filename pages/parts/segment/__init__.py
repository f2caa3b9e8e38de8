"""Parts of the pages under Segment."""
