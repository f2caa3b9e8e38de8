"""Clusters: failing dies of one class that belong together, and their measures."""

from core.instances.clusters import Instance, find_instances

__all__ = ["Instance", "find_instances"]
