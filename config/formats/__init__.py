"""How languages write numbers and times where Django knows no better."""
