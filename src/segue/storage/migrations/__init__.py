"""The schema's history: one file a step in ``versions``, run by ``storage.migrate`` and by nothing else.

A step expands (new table, new column with a default) so that the version before it still runs on the new schema; what
it replaced is removed in a later release. A step that was released is never edited.
"""
