"""Rows and targets: validation, encoding, batches and chunks, placement on the device."""
