"""Compute kernels on arrays, chosen by platform."""
