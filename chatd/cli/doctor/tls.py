"""The certificate of the server: readable, with its key, in time, for the right names."""

from __future__ import annotations

import datetime as dt
import errno
import ipaddress
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from chatd.cli.doctor.findings import Finding
from chatd.cli.texts.troubles import TEXTS
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
    except OSError as error:
        yield _unread("tls.certificate", "tls_cert", server.tls_cert, error)
        return
    except ValueError:
        en = f"{server.tls_cert} holds no certificate in PEM form: the server's own has to be there, and be the first."
        zh = f"{server.tls_cert} 里没有 PEM 格式的证书：应有服务器自己的证书，并排在最前。"
        yield Finding("fail", "tls.certificate", en, zh)
        return
    try:
        Path(server.tls_key).open("rb").close()
    except OSError as error:
        yield _unread("tls.key", "tls_key", server.tls_key, error)
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(server.tls_cert, server.tls_key)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            en = (
                f"{server.tls_key} is the key of another certificate than {server.tls_cert}: they must belong together."
            )
            zh = f"{server.tls_key} 是另一份证书的私钥，与 {server.tls_cert} 不配：两者要成对。"
        else:
            en = f"{server.tls_key} holds no key in PEM form, or one with a passphrase: chatd asks for none."
            zh = f"{server.tls_key} 里没有 PEM 格式的私钥，或设了口令：chatd 不会询问口令。"
        yield Finding("fail", "tls.key", en, zh)
    else:
        yield Finding("ok", "tls.key", "Certificate and key belong together.", "证书与私钥匹配。")
    yield _expiry(certificate, now or dt.datetime.now(dt.UTC))
    yield from _names(certificate, config)


def _unread(check: str, setting: str, file: str, error: OSError) -> Finding:
    """A file that a setting names and that is not to be had."""
    en, zh = TEXTS.get(errno.errorcode.get(error.errno or 0, ""), (str(error), str(error)))
    shown = Path(file).absolute()
    return Finding("fail", check, f"[server] {setting}: {shown}: {en}.", f"[server] {setting}：{shown}：{zh}。")


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
