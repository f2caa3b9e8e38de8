"""What the inputs and outputs of a served model are called: training writes it, the app reads it."""

INPUT = "wafer"
"""float32 (N, 3, S, S): the planes of `data.raster.die_planes`."""
LOGITS = "logits"
"""float32 (N, 8, S, S): for every pixel and class."""
PRESENCE = "presence"
"""float32 (N, 8): logits that each class is on the wafer."""
EMBEDDING = "embedding"
"""float32 (N, 512), of unit length: what the wafer looks like."""
DIMENSION = 512
METADATA_KEY = "waferscope"
"""Property of the file that holds classes, thresholds and temperatures as JSON."""
