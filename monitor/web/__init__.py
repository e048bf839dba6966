"""The web page and the endpoint: `main.py serve`. Needs requirements-web.txt."""
