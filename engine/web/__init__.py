"""The session over HTTP: the page, the API behind it, sockets, metrics, OSC and MPRIS."""
