"""Files coming in: upload sessions, orientation rules, the watched folder, and saving to the lake."""
