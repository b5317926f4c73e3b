"""What a client asks with: a page server answers GET and HEAD, and says so to all other methods.

The library's parser knows GET alone: it closes the connection at other methods, or at what comes
with them, without a word.
"""

import re

_METHOD = re.compile(rb"[A-Z]{3,16} ")
LONGEST = 17
"""Bytes until a method is over, with the space behind it."""

_SENTENCE = b"only GET and HEAD are answered here\n"
METHOD_REFUSAL = (
    b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: %d\r\n\r\n%s"
) % (len(_SENTENCE), _SENTENCE)
"""The whole response to any other method."""


def method_of(request: bytes | bytearray) -> str | None:
    """Return the method that a request begins with, or an empty string if it is no HTTP.

    None means that too little of it has come to tell.
    """
    if found := _METHOD.match(request):
        return found[0][:-1].decode()
    if len(request) < LONGEST and request.isalpha() and request.isupper():
        return None
    return ""
