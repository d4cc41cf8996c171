"""The command line: ``gaussmix``."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run the command line; errors are one message and an exit code, never a traceback."""
    from ..exceptions import MissingExtraError

    try:
        import pyarrow  # noqa: F401
        import rich  # noqa: F401
        import typer  # noqa: F401
    except ImportError as error:
        name = (error.name or "a package").split(".")[0]
        print(f"error: {MissingExtraError(name, 'cli', 'the command line')}", file=sys.stderr)
        sys.exit(1)
    from .app import run

    sys.exit(run())
