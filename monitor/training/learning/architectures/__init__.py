"""One network a file, found by the file alone: it declares itself (`NETWORK = NetworkInfo(…)`) and
has `logits(inputs, settings)`. `monitor.training.learning.networks` builds them.
"""
