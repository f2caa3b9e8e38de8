"""Labels gathered to learn and to judge: frozen sets, their reading, and suspicious labels."""
