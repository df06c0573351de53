"""Pure picture functions over Pillow, numpy and scikit-image. Knows no files, no Prefect, no engine."""
