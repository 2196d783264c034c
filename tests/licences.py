"""Fail when an installed package has a licence that Recall may not depend on.

Run by `make lint`. Free to use: MIT, BSD, Apache, ISC, PSF, MPL and the like; LGPL unmodified.
Never: GPL or AGPL, unless the package also offers one of the free ones.
"""

import json
import re
import subprocess
import sys

FREE = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla|LGPL|Lesser General|"
    r"Unlicense|Public Domain|CC0|Zlib|0BSD|HPND|CNRI|PostgreSQL|Artistic)",
    re.IGNORECASE,
)
READ_BY_HAND = {
    "oncall-recall": "this project",
    "asyncssh": "EPL-2.0 or GPL-2.0-or-later: used under the EPL, unmodified, in an extra",
    "axe-playwright-python": "MIT by its LICENSE file, with axe-core under the MPL; tests only",
    "ansible-core": "GPL-3.0-or-later: never imported, only started as a process; in an extra",
}
"""Packages whose metadata names no licence that can be matched, with what reading them gave."""


def main() -> int:
    listing = subprocess.run(
        [sys.executable, "-m", "piplicenses", "--format=json", "--from=mixed"],
        check=True,
        capture_output=True,
        text=True,
    )
    packages = json.loads(listing.stdout)
    bad = [
        f"{package['Name']} {package['Version']}: {package['License']!r}"
        for package in packages
        if package["Name"].lower() not in READ_BY_HAND and not FREE.search(package["License"])
    ]
    if bad:
        print("licences that are not free to use, or not recognised:", *bad, sep="\n  ")
        return 1
    print(f"licences of {len(packages)} packages are fine")
    return 0


if __name__ == "__main__":
    sys.exit(main())
