"""The REST door to contacts, leads, deals, activities and pipelines."""
