"""Serve until told to stop: `python -m tests.second_server --port 0 --dialect awkward`."""

from __future__ import annotations

import argparse
import json
import signal
import threading

from .courier import MODES
from .defects import DEFECTS
from .dialects import DIALECTS
from .server import SecondServer


def _arguments() -> argparse.Namespace:
    """Read the command line."""
    listing = "\n".join(f"  {name}: {text}" for name, text in DEFECTS.items())
    parser = argparse.ArgumentParser(
        prog="python -m tests.second_server",
        description="A second Points API server, for tests.",
        epilog=f"defects:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dialect", choices=sorted(DIALECTS), default="plain")
    parser.add_argument("--defect", choices=sorted(DEFECTS), metavar="NAME")
    parser.add_argument("--delivery-mode", choices=MODES, default="prompt")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--commit-delay", type=float, default=0.0)
    parser.add_argument("--answer-delay", type=float, default=0.0, metavar="SECONDS")
    parser.add_argument("--retry-pause", type=float, default=0.05)
    parser.add_argument("--orders", metavar="FILE", help="write an orders file here")
    return parser.parse_args()


def main() -> None:
    """Say where the server is, in one line of JSON, and serve."""
    options = _arguments()
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = SecondServer(
        options.dialect,
        options.defect,
        options.seed,
        options.commit_delay,
        port=options.port,
        delivery_mode=options.delivery_mode,
        retry_pause=options.retry_pause,
        answer_delay=options.answer_delay,
    )
    with server:
        if options.orders:
            server.orders_file(options.orders)
        names = ("base_url", "key", "other_key", "public_key")
        print(json.dumps({name: getattr(server, name) for name in names}), flush=True)
        told.wait()


if __name__ == "__main__":
    main()
