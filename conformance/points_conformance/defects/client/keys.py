"""Clients that lose their key, or talk to somebody else."""

import json
import logging
import ssl
import sys
from typing import Any, Final

import httpx

from points_conformance.defects.client.defect import ClientDefect
from points_conformance.defects.client.sample import Answer, SampleClient, Work
from points_conformance.defects.defect import Seeds
from points_conformance.targets.client.outcome import ClientOutcome

__all__ = ["seed"]

seed: Final = Seeds(ClientDefect)


# ---------------------------------------------------------------------- where the key is sent
@seed("key-in-query", "key-in-header-only", "key-not-shown")
class KeyInQuery(SampleClient):
    """The key is in the query as well, and so in every access log."""

    def url(self, path: str) -> str:
        """For whoever debugs it."""
        return f"{super().url(path)}?api_key={self.api_key}"


@seed("key-as-bearer-too", "key-in-header-only")
class KeyAsBearerToo(SampleClient):
    """The key is in the `Authorization` header as well."""

    def headers(self) -> dict[str, str]:
        """Whichever is right."""
        return {**super().headers(), "Authorization": f"Bearer {self.api_key}"}


@seed("key-in-body", "key-in-header-only")
class KeyInBody(SampleClient):
    """The key is in the body as well."""

    def fields(self, work: Work) -> dict[str, str]:
        """As other APIs want it."""
        return {**super().fields(work), "api_key": json.dumps(self.api_key)}


# ---------------------------------------------------------------------- where the key is shown
@seed("key-printed", "key-not-shown")
class KeyPrinted(SampleClient):
    """Every request is printed, with its headers."""

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """Left from debugging."""
        sys.stdout.write(f"{method} {self.url(path)} {self.headers()}\n")
        return super().send(method, path, body)


@seed("key-on-stderr", "key-not-shown")
class KeyOnStderr(SampleClient):
    """What goes wrong is told on stderr as a curl command, with the key."""

    def meaning(self, work: Work, answer: Answer) -> ClientOutcome:
        """To be pasted."""
        outcome = super().meaning(work, answer)
        if outcome is not ClientOutcome.DONE:
            sys.stderr.write(f"curl -H 'x-api-key: {self.api_key}' {self.url(self.path(work))}\n")
        return outcome


@seed("key-logged", "key-not-shown")
class KeyLogged(SampleClient):
    """Every request is logged, with its headers."""

    def send(self, method: str, path: str, body: bytes | None) -> Answer:
        """For support."""
        logging.getLogger("shop.points").warning("%s %s %s", method, path, self.headers())
        return super().send(method, path, body)


@seed("key-in-exception", "key-not-shown")
class KeyInException(SampleClient):
    """Whatever is not done raises an error whose text has the request's headers."""

    def meaning(self, work: Work, answer: Answer) -> ClientOutcome:
        """It ends in the error tracker."""
        outcome = super().meaning(work, answer)
        if outcome is ClientOutcome.DONE:
            return outcome
        text = f"{work.operation} failed, sent {self.headers()}"
        if isinstance(answer, httpx.Response):
            raise httpx.HTTPStatusError(text, request=answer.request, response=answer)
        raise ConnectionError(text)


# ---------------------------------------------------------------------- redirects
@seed("follows-redirect-with-key", "key-not-redirected", "redirect-is-not-done")
class FollowsRedirectWithKey(SampleClient):
    """A redirect is followed to any host, and the key with it."""

    def options(self) -> dict[str, Any]:
        """Only `Authorization` is left out by the library."""
        return {**super().options(), "follow_redirects": True}


@seed("redirect-is-done", "redirect-is-not-done")
class RedirectIsDone(SampleClient):
    """Whatever is below 400 is taken for done."""

    def failed(self, answer: httpx.Response) -> ClientOutcome:
        """It is no error."""
        return ClientOutcome.DONE if answer.is_redirect else super().failed(answer)


# ---------------------------------------------------------------------- TLS
@seed("verifies-no-certificate", "untrusted-certificate")
class VerifiesNoCertificate(SampleClient):
    """No certificate is verified."""

    def tls(self) -> ssl.SSLContext:
        """It worked on the test server."""
        context = _context(self.ca_file)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context


@seed("verifies-no-host-name", "wrong-host-certificate")
class VerifiesNoHostName(SampleClient):
    """A certificate that is trusted may be any host's."""

    def tls(self) -> ssl.SSLContext:
        """``check_hostname = False``."""
        context = _context(self.ca_file)
        context.check_hostname = False
        return context


@seed("takes-expired-certificates", "expired-certificate")
class TakesExpiredCertificates(SampleClient):
    """A certificate is good for ever: its dates are not looked at."""

    def tls(self) -> ssl.SSLContext:
        """OpenSSL's flag for no check of the time."""
        context = _context(self.ca_file)
        context.verify_flags |= ssl.VerifyFlags(0x200000)
        return context


@seed("speaks-plain-http", "trusts-its-ca")
class SpeaksPlainHttp(SampleClient):
    """Plain HTTP is spoken whatever the address says: everybody on the way reads the key."""

    def url(self, path: str) -> str:
        """Never HTTPS."""
        return super().url(path).replace("https://", "http://", 1)


def _context(ca_file: str | None) -> ssl.SSLContext:
    """One of its own, for it is changed."""
    return ssl.create_default_context(cafile=ca_file)
