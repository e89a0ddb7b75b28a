"""Checks of the source tree that no other tool makes; each is run by `./dev check`."""
