"""Loops that Numba compiles.

They have a folder of their own because every file beside a registry is imported in the search for
starts, and a machine without Numba cannot import these.
"""
