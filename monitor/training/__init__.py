"""Training, evaluation and export of the networks. The program never imports this package."""
