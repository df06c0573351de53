"""Putting a logo on a picture, and measuring what a brand asks for."""
