"""Second factors, one file each. The Authentication API, the hosted pages and step-up all use these and nothing else.

A factor answers four questions: how is it enrolled, how is an enrolment proved, what is sent or shown when it is asked
for, and is this answer right. It holds no state of its own: what has to be remembered between two requests travels in
the transaction's challenge, what has to outlive it in the enrolment.

Callers use ``registry.Factors`` alone, which ``registry.build_factors`` makes. To add a factor: one file with a class
that follows ``factor.Factor``, one line in ``build_factors``, one template for the hosted pages, and its name in a
dialect.
"""
