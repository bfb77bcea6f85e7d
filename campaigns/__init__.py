"""One-to-many: who is reached, and with what; so far the segments."""
