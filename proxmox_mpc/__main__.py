"""Entry point: --version is answered before anything else is imported."""

import sys


def main() -> None:
    """Run the command line and end the process with its status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        return _version()
    import gc

    # A command that lists guests lives for a tenth of a second; collecting its garbage costs more than it frees.
    gc.disable()
    try:
        from proxmox_mpc.cli.main import run

        status = run(sys.argv[1:])
    except KeyboardInterrupt:
        # before run() could see to it: nothing has been begun
        status = 130
    finally:
        # The interpreter collects once more on its way out, which for so short a life is a sixth of the run.
        gc.freeze()
    sys.exit(status)


def _version() -> None:
    from proxmox_mpc._version import __version__

    if sys.stdout is None:
        return
    try:
        sys.stdout.write(f"pmpc {__version__}\n")
        sys.stdout.flush()
    except BrokenPipeError:
        status = 0
    except OSError as error:
        sys.stderr.write(f"error: {error.strerror}\n")
        status = 3
    else:
        return
    # What could not be written is still in the buffer, and Python would try once more on its way out.
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


if __name__ == "__main__":
    main()
