"""Adapters to whatever makes or reads pictures: editing engines behind one protocol, and the text reader."""
