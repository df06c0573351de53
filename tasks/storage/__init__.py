"""Adapters to where pictures and records live: local folders and S3-speaking stores alike."""
