"""What speaks HTTP without a screen."""
