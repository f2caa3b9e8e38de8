"""What labels are worth: rounds of labelling played through without people, learning curves, when to stop."""
