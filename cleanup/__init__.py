"""What runs on a schedule: mending work that got stuck, and removing what is old."""
