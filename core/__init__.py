"""Mechanisms that any web product would need; no business noun lives here."""
