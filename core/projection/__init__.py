"""The map of the lake: similar wafers lie together, in clusters with names; what is unlike all others stands out."""
