"""Sign requests to S3-compatible stores (AWS Signature Version 4), which are fetched like all others."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from harvesters.secrets import Secret

_NOTHING = hashlib.sha256(b"").hexdigest()


@dataclass(frozen=True)
class Keys:
    """An access key and its secret, for a region."""

    access_key: str
    secret_key: str
    region: str


def canonical_query(params: Mapping[str, str]) -> str:
    """Parameters as they are signed and sent: encoded by RFC 3986 and in their order."""
    pairs = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in params.items())
    return "&".join(f"{name}={value}" for name, value in pairs)


def signed_headers(url: str, keys: Keys, now: datetime) -> dict[str, str]:
    """The headers that make a GET of an address, encoded as it will be sent, one of the keys' holder."""
    parts, stamp = urlsplit(url), now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": parts.netloc, "x-amz-content-sha256": _NOTHING, "x-amz-date": stamp}
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = "\n".join(("GET", parts.path or "/", parts.query, lines, names, _NOTHING))
    scope = f"{stamp[:8]}/{keys.region}/s3/aws4_request"
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{keys.secret_key}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    told = f"Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    del headers["host"]
    return headers | {"Authorization": Secret(f"AWS4-HMAC-SHA256 {told}")}
