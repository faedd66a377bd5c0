"""What a message says, in words: as it was sent, as it is stored and as it is shown; the three have to agree.

A card says the title of what it shows, which never changes here, and what was written to it.
"""

from __future__ import annotations

from typing import Any

from tests.chaos.shop import title_of


def sent_words(body: dict[str, Any]) -> str:
    """Of the body of a `message.send`."""
    return f"{title_of(body['product'])}\n{body['text']}" if "product" in body else str(body["text"])


def stored_words(body: dict[str, Any]) -> str:
    """Of the body of a row."""
    if "items" in body:
        return _bundle_words(body)
    return f"{body['title']}\n{body['text']}" if "product" in body else str(body["text"])


def shown_words(body: dict[str, Any]) -> str:
    """Of the body of an entry."""
    if "items" in body:
        return _bundle_words(body)
    return f"{body['card'].get('title')}\n{body['text']}" if "card" in body else str(body["text"])


def _bundle_words(body: dict[str, Any]) -> str:
    """Of several that were forwarded as one."""
    return "\n".join(item["body"]["text"] for item in body["items"])
