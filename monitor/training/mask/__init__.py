"""The mask classifier: batches, training, evaluation, its card."""
