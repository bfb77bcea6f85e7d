"""Filters of the billing templates."""
