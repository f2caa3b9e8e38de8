"""The map of the lake: look-alikes lie together, in families with names; what is unlike all others stands out."""
