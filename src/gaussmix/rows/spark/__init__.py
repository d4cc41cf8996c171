"""Rows in Spark dataframes."""

from .source import SparkSource

__all__ = ["SparkSource"]
