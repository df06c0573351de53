"""From "an object landed in a bucket" to a Prefect event: a queue listener and an HTTP receiver.

A self-hosted Prefect server has no webhooks of its own. Both take what a store tells, let through what concerns an
inbox that is served, and emit one event per object; a deployment trigger makes a run of process-object of it.
"""
