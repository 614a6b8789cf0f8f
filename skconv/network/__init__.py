"""The graph of layers, its weights and their files."""
