"""Parts that any page may show."""
