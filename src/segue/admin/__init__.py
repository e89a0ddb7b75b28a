"""Managing an org: the one place that command line, consoles, management APIs, registration and demo go through.

One module per thing managed: ``orgs`` (the org, its domains, authorization servers and settings), ``users``,
``roles``, ``applications``, ``trust``, ``origins``, ``keys``, ``tokens``. Every function takes a
:class:`segue.admin.change.Change`, which says who does it and where, and writes its event with what it changes.
What an administrator may not do is a ``Refusal`` whose check names the field, so a caller turns it into its own shape
without knowing the rule.

To add something to manage: its value in ``core``, its write in ``stores.AdminStore``, and a module here with one
validator that creating and changing share.
"""
