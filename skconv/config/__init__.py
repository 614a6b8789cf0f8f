"""Plain dicts and files that hold objects by their names and parameters, without pickle."""
