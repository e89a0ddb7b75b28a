"""The playground: pick a flow, run it step by step, and see every request and response as it happened.

``flows`` holds the flows, each a tuple of steps; ``steps`` says what a step is. Steps that a server would make
(back channel) are made here and recorded by ``recording``; steps that only a browser can make (front channel) are shown
before the browser goes, and what it comes back with is recorded when it arrives. ``tokens`` takes apart what was
received, ``runs`` remembers it, ``app`` makes the pages.

To add a flow: a ``Flow`` in ``flows.FLOWS``, from steps that exist or new ones beside them.
"""
