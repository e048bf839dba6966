"""The camera doctor: looks at a camera for some seconds and tells what is to be mended there."""
