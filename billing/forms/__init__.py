"""Forms that guard every door to the money part."""
