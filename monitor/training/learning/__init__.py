"""Networks, the loop that trains them, streams of batches, export."""
