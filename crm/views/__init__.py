"""The pages of contacts, leads, deals and activities."""
