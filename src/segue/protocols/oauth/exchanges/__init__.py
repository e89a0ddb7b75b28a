"""What tokens can be exchanged for (RFC 8693): one module for each kind of answer.

Which ``requested_token_type`` leads to which is the dialect's to say, in ``OAuthProfile.exchanges``.
"""
