"""The command line."""

import typer

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__)


@app.callback()
def root() -> None:
    """Tidings tells people when an AI inference is done."""


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
