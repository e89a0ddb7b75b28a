"""What we sign and what we verify.

This package owns the life of a signing key (``keys``: made, published, signing, kept, retired) and the signed tokens
(``jwt``: issue and verify). It knows no endpoint, no protocol message and no database: keys come in as values, the
store keeps them as ``stores.StoredKey``.

To add a signature algorithm: one row in ``keys.ALGORITHMS``. To add a kind of token: its claims are built in this
package, in a module of their own, and signed by ``jwt.issue`` with a ``typ`` that no other kind has; whoever accepts it
calls ``jwt.verify`` with exactly that ``typ``, its issuer's keys and its own audience, so one kind never passes for
another (JO-08).
"""
