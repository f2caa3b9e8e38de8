"""Pictures of wafers: dies, overlays, axes, value maps, and the palettes."""
