"""The seam for a content policy: what may be asked, and what may be delivered."""
