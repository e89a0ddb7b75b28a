"""OAuth 2.0 and OpenID Connect as an authorization server. No vendor's words and no paths: a dialect fills an
``OAuthProfile`` and routes to the methods of ``OAuthEndpoints``.

Start reading at ``endpoints``. ``request`` reads an authorization request as a table of rules, ``authorize`` hands it
to the front door and finishes it, ``response`` is how any answer reaches the client. ``token`` holds the phases that
all grants share.

To add a grant: one module in ``grants``, one line in ``grants.GRANTS``. To add a response type: one row in
``request.RESPONSE_TYPES`` and, where it carries something new, one step in ``authorize.OidcChannel``.
"""
