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
@seed.on(SampleClient.url, "key-in-query", "key-in-header-only", "key-not-shown")
def key_in_query(client: SampleClient, path: str) -> str:
    """The key is in the query as well, and so in every access log."""
    # For whoever debugs it.
    return f"{SampleClient.url(client, path)}?api_key={client.api_key}"


@seed.on(SampleClient.headers, "key-as-bearer-too", "key-in-header-only")
def key_as_bearer_too(client: SampleClient) -> dict[str, str]:
    """The key is in the `Authorization` header as well."""
    # Whichever is right.
    return {**SampleClient.headers(client), "Authorization": f"Bearer {client.api_key}"}


@seed.on(SampleClient.fields, "key-in-body", "key-in-header-only")
def key_in_body(client: SampleClient, work: Work) -> dict[str, str]:
    """The key is in the body as well."""
    # As other APIs want it.
    return {**SampleClient.fields(client, work), "api_key": json.dumps(client.api_key)}


# ---------------------------------------------------------------------- where the key is shown
@seed.on(SampleClient.send, "key-printed", "key-not-shown")
def key_printed(client: SampleClient, method: str, path: str, body: bytes | None) -> Answer:
    """Every request is printed, with its headers."""
    # Left from debugging.
    sys.stdout.write(f"{method} {client.url(path)} {client.headers()}\n")
    return SampleClient.send(client, method, path, body)


@seed.on(SampleClient.meaning, "key-on-stderr", "key-not-shown")
def key_on_stderr(client: SampleClient, work: Work, answer: Answer) -> ClientOutcome:
    """What goes wrong is told on stderr as a curl command, with the key."""
    # To be pasted.
    outcome = SampleClient.meaning(client, work, answer)
    if outcome is not ClientOutcome.DONE:
        sys.stderr.write(f"curl -H 'x-api-key: {client.api_key}' {client.url(client.path(work))}\n")
    return outcome


@seed.on(SampleClient.send, "key-logged", "key-not-shown")
def key_logged(client: SampleClient, method: str, path: str, body: bytes | None) -> Answer:
    """Every request is logged, with its headers."""
    # For support.
    logging.getLogger("shop.points").warning("%s %s %s", method, path, client.headers())
    return SampleClient.send(client, method, path, body)


@seed.on(SampleClient.meaning, "key-in-exception", "key-not-shown")
def key_in_exception(client: SampleClient, work: Work, answer: Answer) -> ClientOutcome:
    """Whatever is not done raises an error whose text has the request's headers."""
    # It ends in the error tracker.
    outcome = SampleClient.meaning(client, work, answer)
    if outcome is ClientOutcome.DONE:
        return outcome
    text = f"{work.operation} failed, sent {client.headers()}"
    if isinstance(answer, httpx.Response):
        raise httpx.HTTPStatusError(text, request=answer.request, response=answer)
    raise ConnectionError(text)


# ---------------------------------------------------------------------- redirects
@seed.on(
    SampleClient.options, "follows-redirect-with-key", "key-not-redirected", "redirect-is-not-done"
)
def follows_redirect_with_key(client: SampleClient) -> dict[str, Any]:
    """A redirect is followed to any host, and the key with it."""
    # Only `Authorization` is left out by the library.
    return {**SampleClient.options(client), "follow_redirects": True}


@seed.on(SampleClient.failed, "redirect-is-done", "redirect-is-not-done")
def redirect_is_done(client: SampleClient, answer: httpx.Response) -> ClientOutcome:
    """Whatever is below 400 is taken for done."""
    # It is no error.
    return ClientOutcome.DONE if answer.is_redirect else SampleClient.failed(client, answer)


# ---------------------------------------------------------------------- TLS
@seed.on(SampleClient.tls, "verifies-no-certificate", "untrusted-certificate")
def verifies_no_certificate(client: SampleClient) -> ssl.SSLContext:
    """No certificate is verified."""
    # It worked on the test server.
    context = _context(client.ca_file)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@seed.on(SampleClient.tls, "verifies-no-host-name", "wrong-host-certificate")
def verifies_no_host_name(client: SampleClient) -> ssl.SSLContext:
    """A certificate that is trusted may be any host's."""
    # ``check_hostname = False``.
    context = _context(client.ca_file)
    context.check_hostname = False
    return context


@seed.on(SampleClient.tls, "takes-expired-certificates", "expired-certificate")
def takes_expired_certificates(client: SampleClient) -> ssl.SSLContext:
    """A certificate is good for ever: its dates are not looked at."""
    # OpenSSL's flag for no check of the time.
    context = _context(client.ca_file)
    context.verify_flags |= ssl.VerifyFlags(0x200000)
    return context


@seed.on(SampleClient.url, "speaks-plain-http", "trusts-its-ca")
def speaks_plain_http(client: SampleClient, path: str) -> str:
    """Plain HTTP is spoken whatever the address says: everybody on the way reads the key."""
    # Never HTTPS.
    return SampleClient.url(client, path).replace("https://", "http://", 1)


def _context(ca_file: str | None) -> ssl.SSLContext:
    """One of its own, for it is changed."""
    return ssl.create_default_context(cafile=ca_file)
