"""The one error of starting the demo."""


class Trouble(Exception):
    """What stands in the way of the demo: one sentence that says what to do."""
