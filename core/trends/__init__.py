"""Series over time: yield, severity and shares of classes, by day, week and lot."""
