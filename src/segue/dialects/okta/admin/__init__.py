"""The management interface of this dialect: shapes and addresses over ``segue.admin``, which makes every change.

``caller`` says who asks; to add a resource, a module of its own with its routes, and a line in the surface.
"""
