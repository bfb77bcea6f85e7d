"""Hindi: numbers by lakh and crore, the clock of 24 hours."""

NUMBER_GROUPING = (3, 2, 0)
TIME_FORMAT = "H:i"
