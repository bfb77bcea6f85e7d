"""The verbs of the shared nouns."""
