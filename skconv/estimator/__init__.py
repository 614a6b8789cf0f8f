"""The scikit-learn estimator: from parameters to a blueprint, a prepared fit and predictions."""
