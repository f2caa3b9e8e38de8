"""Parts of the pages under Learn."""
