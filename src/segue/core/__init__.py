"""Values and rules of Segue: no input or output, no protocol words, no clock of its own.

Everything here is a frozen dataclass or a plain synchronous function. Callers pass the time (epoch milliseconds) and
randomness in, so every rule can be tested and fuzzed without a server.

To add a noun: one module, one or two dataclasses, no import from any other Segue package.
"""
