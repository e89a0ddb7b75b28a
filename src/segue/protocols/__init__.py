"""The standards as they are written: OAuth and OpenID Connect, SAML 2.0, WS-Federation.

Nothing here knows a vendor, a path or a store. A protocol turns messages into values and values into messages; names
that differ from one dialect to the next (addresses, entity ids, error shapes) come in as values.
"""
