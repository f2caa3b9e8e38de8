"""How the model does in use: against what people say is right, over time, and whether its wafers are still the same."""
