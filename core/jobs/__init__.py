"""Jobs: their table, how one is started, supervised and ended, here or on a Ray cluster."""
