"""The checks of a candidate, one file each, and `inspection`, which runs those a contract asks for."""
