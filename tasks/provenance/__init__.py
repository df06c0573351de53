"""Adapters that vouch for a result: keys, signatures, marks inside of pictures."""
