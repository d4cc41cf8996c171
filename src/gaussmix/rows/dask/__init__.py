"""Rows in Dask arrays and dataframes."""

from .source import DaskArraySource, DaskFrameSource

__all__ = ["DaskArraySource", "DaskFrameSource"]
