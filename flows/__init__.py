"""WHAT happens, in which order: Prefect flows that read like the diagram."""
