"""Where links that a model wrote may lead: host names, `*` in them standing for anything."""

from collections.abc import Collection
from fnmatch import fnmatchcase
from urllib.parse import urlsplit


def leads_to(url: str, hosts: Collection[str]) -> bool:
    """Whether an http, https or mailto URL leads to one of the hosts; `hosts` are globs in lower case.

    `*.example.com` means every host below example.com, not example.com itself. A mail's host is what stands behind
    the @; a mail to several people, or one with more than its address, leads nowhere.
    """
    if not hosts:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    match parts.scheme:
        case "http" | "https" if "@" not in parts.netloc:
            found = host or ""
        case "mailto" if parts.path.count("@") == 1 and not parts.query and "," not in parts.path:
            found = parts.path.partition("@")[2].lower()
        case _:
            return False
    return bool(found) and any(fnmatchcase(found.rstrip("."), pattern) for pattern in hosts)
