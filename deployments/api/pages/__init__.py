"""Pages for people: HTML by Jinja2, words in three languages, no script."""
