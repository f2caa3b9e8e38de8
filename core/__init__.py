"""The middle layer: what the app knows how to do, without a screen."""
