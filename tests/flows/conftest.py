"""The real S3 server of the storage tests, for flows."""

from tests.tasks.storage.conftest import s3, s3_endpoint

__all__ = ["s3", "s3_endpoint"]
