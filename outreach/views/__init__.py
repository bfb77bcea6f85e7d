"""The page doors of outreach."""
