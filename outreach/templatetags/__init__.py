"""Filters of the outreach templates."""
