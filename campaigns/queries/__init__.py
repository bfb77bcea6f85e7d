"""The queries of campaigns."""
