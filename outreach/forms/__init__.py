"""What may come in through the doors of outreach."""
