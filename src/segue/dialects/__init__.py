"""Wire formats that clients already speak: one package a dialect, with nothing in it but names and shapes.

A dialect hands the web layer a ``Surface``: its routes, its cookie, where its pages are and how it says no. What a
request means is decided below, by the protocols and the sign-in pipeline. Dialects do not know each other.

To add a dialect: ``names`` first (paths, parameters, ticket slots). Where a rule is needed that names cannot express,
a layer below lacks a column: add the column there.
"""
