"""The actions of campaigns."""
