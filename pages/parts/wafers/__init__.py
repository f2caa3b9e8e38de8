"""Parts of pages that show wafers."""
