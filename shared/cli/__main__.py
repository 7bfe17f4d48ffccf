"""`python -m shared.cli` is `yizhan`."""

from shared.cli.main import app

if __name__ == "__main__":
    app(prog_name="yizhan")
