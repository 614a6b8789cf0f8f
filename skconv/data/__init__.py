"""Data: validation and reading of X, splits, batches and chunks, placement on the device."""
