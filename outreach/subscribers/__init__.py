"""What outreach does when something happened: network and agents first, then one action."""
