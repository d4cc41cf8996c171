"""Merging costs; each is one file, registered by being here."""
