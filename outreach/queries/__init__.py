"""Reads of outreach; each starts from what the reader may see."""
