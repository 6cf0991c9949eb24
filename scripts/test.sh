# shellcheck shell=sh
# `blkspc test`: read by the launcher, whose names (die, root, state, jdk, ...) it uses.

test_usage() {
    cat <<'END'
usage: blkspc test [--release] [--no-install] [-- MAVEN-ARGUMENT...]

Runs every check and test of the project, as CI does. Tests which this machine cannot run are skipped and listed.

  --release      also run the long proofs
  --no-install   as root on a Debian-like system, do not install missing programs with apt-get
  --             what follows goes to Maven, for example: -- -pl blkspc-host -am -Dblkspc.seed=42
END
}

# PROGRAM:PACKAGE. Only tests against other people's programs need them; without them those tests are skipped.
test_parts='nbdinfo:libnbd-bin nbdcopy:libnbd-bin nbdfuse:libnbd-bin nbdsh:python3-libnbd nbdkit:nbdkit
    qemu-img:qemu-utils qemu-io:qemu-utils mke2fs:e2fsprogs mkfs.xfs:xfsprogs fio:fio strace:strace fusermount3:fuse3 openssl:openssl'

missing_parts() {
    for part in $test_parts; do
        command -v "${part%%:*}" >/dev/null 2>&1 || echo "$part"
    done
}

# The packages of the parts given, each once.
packages_of() {
    for part; do
        echo "${part##*:}"
    done | sort -u | tr '\n' ' '
}

can_install() {
    [ "$install" = yes ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

apt_install() {
    echo "blkspc: installing with apt-get: $*" >&2
    export DEBIAN_FRONTEND=noninteractive
    # One package that this system does not know must not keep the others out.
    apt-get update -q >"$state/apt.log" 2>&1 || :
    for package; do
        apt-get install -y -q --no-install-recommends "$package" >>"$state/apt.log" 2>&1 ||
            echo "blkspc: could not install $package, see $state/apt.log" >&2
    done
}

install_parts() {
    parts=$(missing_parts)
    if can_install; then
        command -v mvn >/dev/null 2>&1 || parts="$parts mvn:maven"
        find_jdk || parts="$parts javac:openjdk-25-jdk-headless"
        # shellcheck disable=SC2046,SC2086 # lists of words
        [ -z "$parts" ] || apt_install $(packages_of $parts)
        parts=$(missing_parts)
    fi
    if [ -n "$parts" ]; then
        # shellcheck disable=SC2086
        echo "blkspc: some tests will be skipped, missing PROGRAM:PACKAGE" $parts >&2
    fi
}

run_tests() {
    install=yes
    release=
    while [ $# -gt 0 ]; do
        case $1 in
            --release) release=-Dblkspc.release=true ;;
            --no-install) install=no ;;
            -h | --help)
                test_usage
                exit 0
                ;;
            --)
                shift
                break
                ;;
            *)
                echo "blkspc: test does not know $1" >&2
                test_usage >&2
                exit 2
                ;;
        esac
        shift
    done
    mkdir -p "$state" || die "cannot build: $root is not writable"
    PATH=$PATH:/usr/sbin:/sbin # mkfs and friends
    export PATH
    install_parts
    require_jdk
    require_maven
    locked verify "$@"
    exit $?
}

# Runs under the launcher's lock. BLKSPC_NO_BUILD: a test which starts the launcher must not build beneath us.
verify() {
    rm -rf "$root"/blkspc-*/target/surefire-reports "$root"/blkspc-*/target/failsafe-reports
    : >"$state/build.started"
    status=0
    (cd "$root" && BLKSPC_NO_BUILD=1 JAVA_HOME=$jdk mvn -B -ntp -Dstyle.color=never -fae -Dci ${release:+"$release"} verify \
        "$@" </dev/null) || status=1
    [ $status -ne 0 ] || [ ! -f "$root/blkspc-cli/target/blkspc.jar" ] || install_jar || :
    echo
    [ $status -eq 0 ] || echo "The build failed; Maven says above where."
    (cd "$root" && find blkspc-*/target -path '*-reports/TEST-*.xml' 2>/dev/null | sort | xargs cat /dev/null) |
        awk -f "$root/scripts/test-summary.awk" || status=1
    return $status
}
