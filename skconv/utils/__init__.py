"""Plumbing shared by all rooms: fields, checks, cache keys, random keys, memo."""
