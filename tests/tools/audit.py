"""Run pip-audit over the locked versions; where the vulnerability service cannot be reached, say so and pass."""

from __future__ import annotations

import json
import subprocess
import sys

UNREACHABLE = (
    "ConnectionError",
    "Max retries",
    "Name or service",
    "Could not connect",
    "ServiceError",
    "timed out",
    "ProxyError",
)


def main(requirements: str) -> int:
    """Return 1 when a locked version has a known vulnerability."""
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "pip_audit",
                "--requirement",
                requirements,
                "--no-deps",
                "--disable-pip",
                "--format",
                "json",
                "--progress-spinner",
                "off",
            ],
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
    except subprocess.TimeoutExpired:
        print("audit: NOT DONE, the vulnerability service did not answer in 180 seconds")
        return 0
    try:
        report = json.loads(done.stdout)
    except ValueError:
        text = (done.stderr or done.stdout).strip()
        if any(word in text for word in UNREACHABLE):
            print(f"audit: NOT DONE, the vulnerability service cannot be reached: {text.splitlines()[-1][:200]}")
            return 0
        print(f"audit: pip-audit failed:\n{text}")
        return 1
    found = [
        (one["name"], one["version"], fault["id"]) for one in report["dependencies"] for fault in one.get("vulns", [])
    ]
    for name, version, fault in found:
        print(f"audit: {name} {version}: {fault}")
    print(f"audit: {len(report['dependencies'])} packages, {len(found)} known vulnerabilities")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
