"""Which hosts may be called at all, however they are spelt."""

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from points_conformance.targets.guard import TargetRefused, checked_base_url


@pytest.mark.parametrize(
    "url",
    [
        "https://business.papp.sa/api/v1",
        "https://api.papp.sa",
        "http://business.papp.sa",
        "HTTPS://BUSINESS.PAPP.SA:8443/",
        "https://business.papp.sa.",
        "https://business.papp.sa..:443/api/v1/",
        "https://business\u3002papp\uff0esa",
        " https://api.papp.sa ",
    ],
)
def test_a_production_host_needs_leave_however_it_is_spelt(url: str) -> None:
    """Case, port, dots at the end and other scripts' dots name the same host."""
    with pytest.raises(TargetRefused, match="--allow-production"):
        checked_base_url(url)


def test_leave_is_leave() -> None:
    """With it production is a host like others, but never in the open."""
    url = "https://business.papp.sa/api/v1"
    assert checked_base_url(url, allow_production=True) == url
    with pytest.raises(TargetRefused, match="use https"):
        checked_base_url("http://business.papp.sa", allow_production=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://sandbox.papp.sa",
        "http://192.0.2.7:8080",
        "http://[2001:db8::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://0.0.0.0:80",
        "http://localhost.example.org",
        "http://127.0.0.1.nip.io",
    ],
)
def test_plain_http_stays_on_this_machine(url: str) -> None:
    """The key would travel in the open."""
    with pytest.raises(TargetRefused, match="use https"):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:8787",
        "ftp://127.0.0.1",
        "https://",
        "https:///api/v1",
        "http://127.0.0.1:port",
        "http://127.0.0.1:99999",
        "https://\uff42usiness.papp.sa",
        "https://sandbox.papp.sa/api/v1?key=1",
        "https://sandbox.papp.sa/#x",
    ],
)
def test_what_is_no_base_url_is_refused(url: str) -> None:
    """Said plainly, before anything is sent."""
    with pytest.raises(TargetRefused):
        checked_base_url(url)


@pytest.mark.parametrize(
    "url", ["https://user:secret@host", "http://user:secret@h:port", "ftp://secret@127.0.0.1"]
)
def test_a_password_in_a_url_is_refused_and_not_repeated(url: str) -> None:
    """The text of the refusal is printed."""
    with pytest.raises(TargetRefused) as caught:
        checked_base_url(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "full"),
    [
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787/api/v1"),
        ("http://127.0.0.1:8787/", "http://127.0.0.1:8787/api/v1"),
        ("http://[::1]:8787/api/v1/", "http://[::1]:8787/api/v1"),
        ("http://LOCALHOST:1/api/v1", "http://LOCALHOST:1/api/v1"),
        ("https://sandbox.papp.sa/v2", "https://sandbox.papp.sa/v2/api/v1"),
    ],
)
def test_the_prefix_is_there_once(url: str, full: str) -> None:
    """With and without /api/v1 and a slash at the end."""
    assert checked_base_url(url) == full


@pytest.mark.parametrize(
    "url",
    [
        "http://[::1",
        "http://[zz]/",
        "https://[::1%25eth0]:x",
        "https://a..b",
        "https://.a.example",
        f"https://{'a' * 64}.example",
        f"https://{'a' * 70_000}.example",
        "http://localhost..",
        "https://xn--a.example",
        "https://a.example:99999",
        "https://exa mple.com",
        f"https://a.example/{'x' * 70_000}",
        "https://[",
        "https://]",
        "https://a.example:١",
        "http://127.0.0.1:-1",
        "\x00",
        "https://\ud800.example",
    ],
    ids=lambda url: repr(url[:30]),
)
def test_what_no_host_is_called_is_refused_in_one_line(url: str) -> None:
    """A broken bracket, an empty label, a leading dot, a label of 64: never an error of ours."""
    with pytest.raises(TargetRefused) as caught:
        checked_base_url(url)
    assert len(str(caught.value)) < 400
    assert str(caught.value).isprintable()


@settings(max_examples=300, deadline=None, database=None, derandomize=True)
@given(
    st.text(st.sampled_from("htps:/[]@.%?#\\ aZ0-_\x00\ud800é١。") | st.characters(), max_size=40),
    st.sampled_from(["", "https://", "http://127.0.0.1", "https://["]),
)
def test_any_text_is_a_base_url_or_refused(text: str, start: str) -> None:
    """Whatever is given, and it is one that the client can call."""
    try:
        url = checked_base_url(start + text, allow_production=True)
    except TargetRefused:
        return
    assert httpx.URL(url).raw_host
