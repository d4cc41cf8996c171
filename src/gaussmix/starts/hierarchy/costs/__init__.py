"""Merging criteria; each is one file, registered by being here."""
