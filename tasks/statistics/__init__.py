"""Statistics of A/B tests on SciPy and statsmodels: pure functions, vectorised where a benchmark needs them so."""
