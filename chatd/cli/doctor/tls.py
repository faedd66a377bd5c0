"""The certificate of the server: readable, with its key, in time, for the right names."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from chatd.cli.doctor.findings import Finding
from chatd.config import Config

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

WARN_DAYS: Final = 14
NOTE_DAYS: Final = 30


def check_tls(config: Config, now: dt.datetime | None = None) -> Iterator[Finding]:
    """Nothing to say without `tls_cert`."""
    server = config.server
    if not server.tls_cert:
        return
    from cryptography import x509

    try:
        (certificate, *_) = x509.load_pem_x509_certificates(Path(server.tls_cert).read_bytes())
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no PEM certificate"
        en = f"{server.tls_cert} cannot be read ({why}): it has to be PEM, the server's own certificate first."
        yield Finding(
            "fail", "tls.certificate", en, f"{server.tls_cert} 无法读取（{why}）：应为 PEM，服务器证书在最前。"
        )
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_cert, server.tls_key)
    except (OSError, ssl.SSLError) as error:
        why = getattr(error, "reason", None) or error.strerror or "unreadable"
        en = f"{server.tls_key} is not the key of {server.tls_cert} ({why}): set both from the same place."
        yield Finding("fail", "tls.key", en, f"{server.tls_key} 不是 {server.tls_cert} 的私钥（{why}）：两者要配对。")
    else:
        yield Finding("ok", "tls.key", "Certificate and key belong together.", "证书与私钥匹配。")
    yield _expiry(certificate, now or dt.datetime.now(dt.UTC))
    yield from _names(certificate, config)


def _expiry(certificate: Certificate, now: dt.datetime) -> Finding:
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    left = (end - now).days
    if now >= end:
        en = f"The certificate ran out on {end:%Y-%m-%d}: nobody can connect; renew it."
        return Finding("fail", "tls.expiry", en, f"证书已于 {end:%Y-%m-%d} 过期，谁也连不上：请续期。")
    if now < begin:
        en = f"The certificate is good only from {begin:%Y-%m-%d %H:%M} UTC on: is the clock right?"
        return Finding("fail", "tls.expiry", en, f"证书从 {begin:%Y-%m-%d %H:%M} UTC 才生效：时钟对吗？")
    if left < NOTE_DAYS:
        level = "warn" if left < WARN_DAYS else "note"
        en, zh = f"The certificate runs out in {left} days: renew it.", f"证书 {left} 天后过期：请续期。"
        return Finding("warn" if level == "warn" else "note", "tls.expiry", en, zh)
    return Finding("ok", "tls.expiry", f"The certificate is good for {left} days more.", f"证书还有 {left} 天有效。")


def _names(certificate: Certificate, config: Config) -> Iterator[Finding]:
    from cryptography import x509

    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        en = "The certificate names no host (subjectAltName): browsers and clients refuse it; have it made anew."
        yield Finding("fail", "tls.names", en, "证书没有主机名（subjectAltName）：客户端会拒绝，请重新签发。")
        return
    names = alternatives.get_values_for_type(x509.DNSName)
    names += [str(address) for address in alternatives.get_values_for_type(x509.IPAddress)]
    shown, host = ", ".join(names), urlsplit(config.invites.public_url).hostname
    if host and not any(covers(name, host) for name in names):
        en = f"The certificate is for {shown}, not for {host} of [invites] public_url: add that name."
        yield Finding("fail", "tls.names", en, f"证书用于 {shown}，不含 [invites] public_url 的 {host}：请加上。")
    else:
        yield Finding("ok", "tls.names", f"The certificate is for {shown}.", f"证书用于 {shown}。")


def covers(name: str, host: str) -> bool:
    """Whether a name of a certificate stands for a host (RFC 9525, section 6.3: a star is one whole first label)."""
    try:
        return ipaddress.ip_address(name) == ipaddress.ip_address(host)
    except ValueError:
        pass
    name, host = name.lower(), host.lower()
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:] and "." in host)
