"""Parts of the pages about accounts: one's own, those of others, and the trail."""
