"""Why the model says so: which failures it needed, how unsure it is, and what that looks like in words."""
