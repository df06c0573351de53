"""One Prefect task per box of the diagram; each file holds one verb. Nothing is re-exported here."""

__version__ = "0.1.0"
