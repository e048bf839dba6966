"""First steps, the camera doctor and the acceptance run in the window."""
