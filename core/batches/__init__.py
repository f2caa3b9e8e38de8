"""Batches: thousands of wafers worked through by a job, in pieces on disk, so that nothing finished is done again."""
