"""The command line: `facewire`, or `python -m facewire`."""

from facewire_cli.signals import Ended, end_at_once, end_in_order, leave, watch_signals


def main() -> None:
    """Run the command line; exit status 2 for the user's mistakes, 1 for ours.

    A signal ends it with 128 and its number, at any moment: libraries that take long to import,
    and print a traceback if they are interrupted, come after the handlers.
    """
    end_at_once()
    watch_signals()
    from facewire_cli.app import run_app

    end_in_order()
    try:
        run_app()
    except Ended as ended:
        leave(int(str(ended.code)))


if __name__ == "__main__":
    main()
