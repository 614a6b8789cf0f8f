"""How times grow with the size of a task: ``python -m benchmarks.growth``."""
