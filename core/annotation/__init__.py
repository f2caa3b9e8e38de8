"""The work of labelling: queue, assignment, progress, submissions and reviews."""
