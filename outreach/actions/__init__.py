"""The verbs of the wall."""
