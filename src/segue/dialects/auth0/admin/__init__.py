"""The Management API, version 2: the names and shapes of administration. What happens is in ``segue.admin``."""
