"""Parts of the pages under Explore."""
