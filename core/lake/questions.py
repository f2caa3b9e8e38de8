"""What the lake asks its views for when it rebuilds wafers and results by key."""

from core.lake.schema import DETAIL_COLUMNS

OF_WAFERS = """
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT w.*, d.grid, d.bins FROM (FROM wafers WHERE key IN (FROM wanted)) AS w
    JOIN (FROM dies WHERE key IN (FROM wanted)) AS d ON d.key = w.key
"""
OF_RESULTS = f"""
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT w.*, d.grid, d.bins, {", ".join(f"s.{name}" for name, _ in DETAIL_COLUMNS)}, c.instances
    FROM (FROM wafers WHERE key IN (FROM wanted)) AS w
    JOIN (FROM dies WHERE key IN (FROM wanted)) AS d ON d.key = w.key
    JOIN (FROM segmentations WHERE key IN (FROM wanted)) AS s ON s.key = w.key
    LEFT JOIN (SELECT key, list(i ORDER BY number) AS instances FROM instances AS i
               WHERE key IN (FROM wanted) GROUP BY key) AS c ON c.key = w.key
"""
"""All of a result in one query, so that its pieces are of the same moment. The keys are asked of each table before they
are joined: they do not go through a join into what is read of the parts."""

OF_RUNS = """
    WITH wanted AS (SELECT unnest(?) AS key)
    SELECT r.*, d.grid, d.bins
    FROM (FROM (FROM test_rows WHERE key IN (FROM wanted))
          QUALIFY row_number() OVER (PARTITION BY key, test ORDER BY sequence DESC) = 1) AS r
    JOIN (FROM test_dies WHERE key IN (FROM wanted)
          QUALIFY row_number() OVER (PARTITION BY key, sequence ORDER BY sequence) = 1) AS d
        ON d.key = r.key AND d.sequence = r.sequence
    ORDER BY r.key, r.sequence
"""
"""Every test of some wafers, as runs and merges; a merge of parts that died may have left rows twice."""
