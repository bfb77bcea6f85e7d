"""Doors to the money part."""
