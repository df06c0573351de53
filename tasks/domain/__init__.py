"""The pure heart: models, errors, recipes, acceptance rules, remedies, language. Knows no pixels, no Prefect, no storage."""
