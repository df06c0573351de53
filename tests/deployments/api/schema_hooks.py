"""What schemathesis sends where the schema asks for a picture (SCHEMATHESIS_HOOKS names this file)."""

from __future__ import annotations

import io

import schemathesis
from hypothesis import strategies as st
from PIL import Image

PNG = io.BytesIO()
Image.new("RGB", (48, 32), "teal").save(PNG, "PNG")
schemathesis.openapi.format("binary", st.just(PNG.getvalue()))
