"""Which names are this machine, odd spellings included."""

import pytest

from points_conformance.contract.hosts import is_loopback

OURS = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "LocalHost.",
    "ip6-localhost",
    "127.0.0.1",
    "127.8.0.1",
    "127.255.255.255",
    "127.0.0.1.",
    "::1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
]
BELOW = ["shop.localhost", "SHOP.localhost.", "a.b.localhost"]
OTHERS = [
    "",
    ".",
    "localhost.example",
    "notlocalhost",
    "127.0.0.1.example",
    "127.1",
    "2130706433",
    "0x7f.0.0.1",
    "0.0.0.0",
    "::",
    "10.0.0.1",
    "::ffff:127.0.0.1",
    "[::ffff:127.0.0.1]",
    "ip6-localhost.example",
]


@pytest.mark.parametrize("host", OURS)
@pytest.mark.parametrize("below", [False, True])
def test_this_machine_has_several_names(host: str, below: bool) -> None:
    """Case and a dot at the end change nothing, nor do brackets."""
    assert is_loopback(host, below=below)


@pytest.mark.parametrize("host", BELOW)
def test_names_below_localhost_are_taken_where_no_key_is_sent(host: str) -> None:
    """A resolver may send them elsewhere."""
    assert is_loopback(host, below=True)
    assert not is_loopback(host)


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("below", [False, True])
def test_what_only_looks_like_this_machine_is_another(host: str, below: bool) -> None:
    """No prefix, no number that only some programs read, no wildcard."""
    assert not is_loopback(host, below=below)
