"""What Segue sends to others: mail, text messages, calls, pushes, and the guarded fetcher that all HTTP goes through.

Each module fulfils a Protocol of ``segue.stores``; nothing above knows which. ``providers`` makes them from the
addresses in the settings. To add a provider: one class that follows the Protocol, and a scheme in ``providers``.
"""
