"""Training: the plan, the compiled programs, the loop, lanes and the history."""
