"""Who may speak to the server, and how much may be said at once."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
from dataclasses import dataclass, field

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def new_token() -> str:
    """Return 192 random bits for a URL."""
    return secrets.token_urlsafe(24)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens at an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names_of(host: str) -> tuple[str, ...]:
    """Return the names under which a server that listens at `host` may be called, without ports.

    On loopback nobody else can call it, so a fixed list is enough. Otherwise this machine's own
    name and addresses, never what a request says of itself.
    """
    if is_loopback(host):
        return LOOPBACK
    own = socket.gethostname().lower()
    found = [own, f"{own}.local", host.lower()]
    with contextlib.suppress(OSError):  # a machine that does not know its own name
        found += [str(entry[4][0]) for entry in socket.getaddrinfo(own, None)]
    bare = [f"[{name}]" if ":" in name else name for name in found]
    return tuple(dict.fromkeys([*LOOPBACK, *(name for name in bare if name != "0.0.0.0")]))


@dataclass(frozen=True)
class WebSettings:
    """What the application is told by whoever starts it.

    Attributes
    ----------
    port : int
        At which it is called, for the lists of allowed hosts and origins.
    token : str
        Needed for everything under /api.
    host : str
        Address at which it listens.
    json_bytes, clip_bytes : int
        Largest bodies: of JSON, and of a clip to be identified.
    sockets : int
        Most pages at once.
    """

    port: int
    token: str = field(default_factory=new_token)
    host: str = "127.0.0.1"
    json_bytes: int = 256 * 1024
    clip_bytes: int = 8 * 1024 * 1024
    sockets: int = 64

    def __post_init__(self) -> None:
        if not 1 <= self.port <= 65_535:
            raise ValueError(f"port must be between 1 and 65535, got {self.port}")
        if not 16 <= len(self.token) <= 256 or not self.token.isascii():
            raise ValueError("token must have 16 to 256 ASCII characters")

    @property
    def hosts(self) -> frozenset[str]:
        """Values of the Host header that are answered."""
        names = names_of(self.host)
        bare = names if self.port == 80 else ()
        return frozenset([*(f"{name}:{self.port}" for name in names), *bare])

    @property
    def origins(self) -> frozenset[str]:
        """Values of the Origin header that are answered."""
        return frozenset(f"http://{host}" for host in self.hosts)

    @property
    def url(self) -> str:
        """Address of the page, the token in its fragment, which no browser sends anywhere."""
        name = "127.0.0.1" if is_loopback(self.host) else names_of(self.host)[len(LOOPBACK)]
        return f"http://{name}:{self.port}/#token={self.token}"
