"""Entry point: --version is answered before anything else is imported."""

import sys


def main() -> None:
    """Run the command line and end the process with its status."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from proxmox_mpc._version import __version__

        sys.stdout.write(f"pmpc {__version__}\n")
        return
    import gc

    # A command that lists guests lives for a tenth of a second; collecting its garbage costs more than it frees.
    gc.disable()
    from proxmox_mpc.cli.main import run

    try:
        status = run(sys.argv[1:])
    finally:
        # The interpreter collects once more on its way out, which for so short a life is a sixth of the run.
        gc.freeze()
    sys.exit(status)


if __name__ == "__main__":
    main()
