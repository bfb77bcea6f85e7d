"""The views of campaigns."""
