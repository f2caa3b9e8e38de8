"""What can be taken away: the formats offered and folders of them."""
