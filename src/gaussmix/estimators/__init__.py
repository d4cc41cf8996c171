"""Estimators with scikit-learn's interface: parameters in, attributes out."""
