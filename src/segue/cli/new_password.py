"""A password for somebody to type once."""

from typing import Final

from segue.core.secret import RandomBytes

# Without the letters that people mistake for others.
_ALPHABET: Final = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS: Final = 4
_GROUP_CHARS: Final = 5


def new_password(random: RandomBytes) -> str:
    """Four groups of five characters: 99 bits, easy to read out."""
    number = int.from_bytes(random(16), "big")
    chars = []
    for _ in range(_GROUPS * _GROUP_CHARS):
        number, rest = divmod(number, len(_ALPHABET))
        chars.append(_ALPHABET[rest])
    text = "".join(chars)
    return "-".join(text[start : start + _GROUP_CHARS] for start in range(0, len(text), _GROUP_CHARS))
