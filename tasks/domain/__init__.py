"""The pure heart: models, errors, recipes, acceptance rules, remedies, language. No pixels, no Prefect, no storage."""
