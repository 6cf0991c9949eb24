#!/bin/sh
# Plants the mistakes of scripts/mutants.txt, one after the other, in a copy of the classes and runs the tests that should
# notice; prints for each whether it was killed and by which test. The tree is only read. Exit code 1 when one survives.
#   scripts/mutants.sh [ID...]    these, or all of them (about half an hour); `blkspc test --release` runs all of them too
set -eu
root=$(CDPATH='' cd -P "$(dirname "$0")/.." && pwd)
ids=$(echo "$*" | tr ' ' ',')
exec "$root/blkspc" test --no-install -- -pl blkspc-host -am -Dtest='MutantTest' -Dsurefire.failIfNoSpecifiedTests=false \
    -Dblkspc.testTimeoutSeconds=14400 -Dblkspc.mutants="$ids"
