"""The gender network: labels, student, evaluation."""
