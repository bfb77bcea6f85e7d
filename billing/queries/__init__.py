"""Reads of the money part; all of them start from what the actor may see."""
