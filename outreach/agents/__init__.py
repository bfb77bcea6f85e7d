"""Agents: a context goes in, a typed result comes out, by a model or by rules of the same signature."""
