"""Pure decisions: values in, a Verdict out. Every way in asks the same functions.

To add a rule: a Check in the function that owns the question, with a sentence that says how to mend its failure.
"""
