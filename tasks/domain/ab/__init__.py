"""A/B tests of pictures: what is tested, what was counted, what was found, what to do about it."""
