"""SAML 2.0 as an identity provider: read an AuthnRequest, judge it, answer with a signed Response, publish metadata.

``xml`` is the only module that touches an XML library and ``keys`` holds what signs and verifies; ``binding`` takes a
message out of its carrier (HTTP-Redirect or HTTP-POST), ``request`` reads and judges it, ``assertion`` writes the
answer and ``metadata`` says who we are. All of it is values in, values out: time, identifiers, keys and entity ids are
arguments.
"""
