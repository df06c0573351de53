"""The public HTTP API: every request for an edit is an edit-image run, checked and traceable like any other."""
