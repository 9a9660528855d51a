"""Rules about images that are somewhere else."""

from __future__ import annotations

import ipaddress
from typing import Any
from urllib.parse import urlsplit

from vqaft.records.check.problem import Severity
from vqaft.records.check.row import CheckedImage
from vqaft.records.check.rule import ImageRule
from vqaft.records.limits import ProviderLimits

_LONGEST = 8000


def file_url(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Nobody else can open a file of this machine."""
    return "the URL is a file of this machine" if image.kind == "file" else None


def other_scheme(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Neither data nor web: often a path, or base64 without its beginning."""
    return f"{image.url[:40]!r} is no data or web URL" if image.kind == "other" and image.url.strip() else None


def web_refused(image: CheckedImage, limits: ProviderLimits) -> str | None:
    """Some providers fetch nothing."""
    wrong = image.kind == "web" and limits.web_urls is False
    return f"{limits.name} takes data URLs only" if wrong else None


def private_host(image: CheckedImage, _: ProviderLimits) -> str | None:
    """An address that only this network knows."""
    if image.kind != "web":
        return None
    host = _host(image)
    if host in {"", "localhost"} or host.endswith((".local", ".internal", ".localhost")):
        return f"the host {host!r} is not public"
    try:
        return None if ipaddress.ip_address(host).is_global else f"the address {host} is not public"
    except ValueError:
        return None


def _host(image: CheckedImage) -> str:
    try:
        return (urlsplit(image.url).hostname or "").casefold()
    except ValueError:
        return ""


def unencrypted(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Over plain HTTP anybody between can swap the image."""
    return "the URL is plain http" if image.kind == "web" and image.url[:5].lower() == "http:" else None


def credentials(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Keys in a URL end up in a training file."""
    signed = any(word in image.url.lower() for word in ("signature=", "sig=", "token=", "x-amz-", "password="))
    wrong = image.kind == "web" and (signed or "@" in image.url.split("/", 3)[2])
    return "the URL holds a key or a signature" if wrong else None


def unwritten(image: CheckedImage, _: ProviderLimits) -> str | None:
    """Blanks, and lengths that servers refuse."""
    wrong = image.kind == "web" and (any(sign.isspace() for sign in image.url) or len(image.url) > _LONGEST)
    return "the URL holds blanks, or is too long" if wrong else None


def _rule(code: str, severity: Severity, judge: Any, remedy: str) -> ImageRule:
    return ImageRule(code=f"urls.{code}", severity=severity, remedy=remedy, find=judge)


_INLINE = "Build the row from the file: MessageBuilder puts it inside."

URL_RULES = (
    _rule("file", "error", file_url, _INLINE),
    _rule("scheme", "error", other_scheme, _INLINE),
    _rule("web-refused", "error", web_refused, _INLINE),
    _rule("private", "error", private_host, _INLINE),
    _rule("plain-http", "warning", unencrypted, "Use https, or put the image inside."),
    _rule(
        "credentials",
        "warning",
        credentials,
        "It may have expired by then, and is no secret any more: put the image inside.",
    ),
    _rule("malformed", "error", unwritten, "Write %20 for a blank."),
)
"""Rules about images that are somewhere else."""
