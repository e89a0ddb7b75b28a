"""Addresses that a careless check takes for one of a trusted origin, or of the org itself."""

import random
from collections.abc import Iterator

TRUSTED = "https://portal.example.com"

HOSTILE_TARGETS = [
    "https://evil.example",
    "https://portal.example.com.evil.example/",
    "https://portal.example.comevil.example/",
    "https://evilportal.example.com/",
    "https://evil.example/portal.example.com",
    "https://evil.example/?https://portal.example.com",
    "https://evil.example#https://portal.example.com",
    "https://portal.example.com@evil.example/",
    "https://portal.example.com:443@evil.example/",
    "https://a:b@portal.example.com/",
    "https://@portal.example.com/",
    "https://portal.example.com%40evil.example/",
    "https://portal.example.com\\@evil.example/",
    "https://evil.example\\.portal.example.com/",
    "https://evil.example\\@portal.example.com/",
    "https:\\\\portal.example.com\\",
    "https:/\\portal.example.com",
    "https:portal.example.com",
    "https:/portal.example.com",
    "https:///portal.example.com/",
    "https:////portal.example.com/",
    "https://portal.example.com:8443/",
    "https://portal.example.com:0443/",
    "https://portal.example.com:99999/",
    "https://portal.example.com:/",
    "https://portal.example.com./",
    "https://portal.example.com%2e/",
    "https://portal%2eexample.com/",
    "https://portal。example.com/",
    "https://pörtal.example.com/",
    "https://ｐortal.example.com/",
    "https://portal.example.com\t.evil.example/",
    "https://portal.example.com\n/",
    "https://portal.example.com/\r\nSet-Cookie: sid=evil",
    "https://portal.example.com/\x00",
    " https://portal.example.com/",
    "https://portal.example.com/ ",
    "https://portal.example.com/a b",
    "https://portal.example.com/%zz",
    "http://portal.example.com/",
    "ftp://portal.example.com/",
    "javascript://portal.example.com/%0aalert(1)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "blob:https://portal.example.com/x",
    "file:///etc/passwd",
    "//evil.example",
    "//portal.example.com",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/.//evil.example",
    "evil.example",
    "./evil",
    "..",
    "?x=https://evil.example",
    "#https://evil.example",
    "https://0x7f000001/",
    "https://2130706433/",
    "https://127.1/",
    "https://[::ffff:127.0.0.1]/",
    "https://[portal.example.com]/",
    "https://calls.example.com/",
    "https://*.example.com/",
    "null",
    "https://",
    "https://portal.example.com,https://evil.example/",
]


def mutations(seed: int, count: int, own: str) -> Iterator[str]:
    """Good addresses with a few characters put in or taken out; the same ones for one seed."""
    lot = random.Random(seed)
    parts = ["\\", "/", "@", ":", "?", "#", "%", ".", ";", "\t", " ", "//", "evil.example", "%2f", "%5c", "[", "]", "é"]
    for _ in range(count):
        text = lot.choice([f"{TRUSTED}/path?x=1#y", TRUSTED, f"{own}/app/UserHome", "/app/UserHome", own])
        for _ in range(lot.randint(1, 3)):
            place = lot.randint(0, len(text))
            taken = lot.choice([0, 0, 1])
            text = text[:place] + lot.choice(parts) + text[place + taken :]
        yield text
