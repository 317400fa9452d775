"""Which host names this machine."""

import ipaddress

__all__ = ["is_loopback"]


def is_loopback(host: str, *, below: bool = False) -> bool:
    """Whether a host is this machine: ``localhost`` by its names, ``127.0.0.0/8``, ``::1``.

    ``below`` takes names below ``localhost`` as well. Not every resolver keeps them here: no key
    goes there in plain, but a simulator's events may. A mapped address (``::ffff:127.0.0.1``) is
    not taken for one: Python's versions differ on it.
    """
    name = host.rstrip(".").lower()
    if name in ("localhost", "ip6-localhost") or (below and name.endswith(".localhost")):
        return True
    try:
        address = ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return address.is_loopback and getattr(address, "ipv4_mapped", None) is None
