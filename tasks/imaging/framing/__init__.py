"""Filling a size with a picture of another shape, without distorting it and without cutting what matters."""
