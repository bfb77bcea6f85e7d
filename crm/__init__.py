"""The nouns that everyone shares (contacts, leads, deals, activities) and their rules, all offline."""
