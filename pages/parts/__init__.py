"""What pages share: cache wrappers, session keys, drawings, components."""
