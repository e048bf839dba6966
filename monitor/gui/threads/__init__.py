"""What runs behind the window, and the one way from there into it."""
