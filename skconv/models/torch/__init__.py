"""Weights of torch: read, named, and laid out for the layers of a network."""
