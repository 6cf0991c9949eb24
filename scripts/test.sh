# shellcheck shell=sh
# `blkspc test`: read by the launcher, whose names (die, root, state, jdk, ...) it uses.

test_usage() {
    cat <<'END'
usage: blkspc test [--guest] [--release] [--no-install] [-- MAVEN-ARGUMENT...]

Runs every check and test of the project, as CI does. Tests which this machine cannot run are skipped and listed.

  --guest        also run the Linux kernel's own nbd driver against the server, in a virtual machine (no root needed)
  --release      also run the long proofs, with those of --guest
  --no-install   as root on a Debian-like system, do not install missing programs with apt-get
  --             what follows goes to Maven, for example: -- -pl blkspc-host -am -Dblkspc.seed=42
END
}

# PROGRAM:PACKAGE. Only tests against other people's programs need them; without them those tests are skipped.
test_parts='nbdinfo:libnbd-bin nbdcopy:libnbd-bin nbdfuse:libnbd-bin nbdsh:python3-libnbd nbdkit:nbdkit
    qemu-img:qemu-utils qemu-io:qemu-utils mke2fs:e2fsprogs mkfs.xfs:xfsprogs fio:fio strace:strace fusermount3:fuse3 rsync:rsync openssl:openssl'

# What a guest is made of, besides the kernel.
guest_parts='qemu-system-x86_64:qemu-system-x86 busybox:busybox-static nbd-client:nbd-client mkfs.xfs:xfsprogs
    mkfs.ext4:e2fsprogs'

missing_parts() {
    for part in $test_parts ${guest:+$guest_parts}; do
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

# Debian's kernel for virtual machines, unpacked beside the jar; nothing is installed. Without it the tests say so.
fetch_guest_kernel() {
    [ -n "$guest" ] && [ ! -d "$state/guest/kernel/boot" ] && [ "$install" = yes ] || return 0
    command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || return 0
    package=$(apt-cache depends linux-image-cloud-amd64 2>/dev/null |
        sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)
    [ -n "$package" ] || return 0
    echo "blkspc: fetching $package for the guest" >&2
    mkdir -p "$state/guest/new" &&
        (cd "$state/guest" && apt-get -qq -o APT::Sandbox::User=root download "$package") >>"$state/apt.log" 2>&1 &&
        dpkg -x "$state/guest/$package"_*.deb "$state/guest/new" &&
        (find "$state/guest/new/lib/modules" -name '*.ko.xz' -exec unxz {} +) &&
        mv "$state/guest/new" "$state/guest/kernel" ||
        echo "blkspc: could not fetch $package, see $state/apt.log" >&2
}

# A libnbd that speaks extended headers, of Debian 13 and with all it is linked with, unpacked beside the jar from the mirror
# this system uses; nothing is installed, and this system's own lists of packages are not touched.
fetch_new_clients() {
    [ -n "$release" ] && [ ! -d "$state/clients/usr" ] && [ "$install" = yes ] || return 0
    command -v apt-get >/dev/null 2>&1 && command -v dpkg >/dev/null 2>&1 || return 0
    # shellcheck disable=SC2016 # what apt-get puts in
    mirror=$(apt-get indextargets --format '$(ORIGIN) $(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        sed -n 's/^Debian Debian \(http[^ ]*\)$/\1/p' | head -n 1)
    keys=/usr/share/keyrings/debian-archive-keyring.gpg
    [ -n "$mirror" ] && [ -f "$keys" ] || return 0
    echo "blkspc: fetching a newer libnbd" >&2
    apt=$state/clients.apt
    rm -rf "$apt" "$state/clients.new"
    mkdir -p "$apt/lists/partial" "$apt/archives/partial" "$state/clients.new"
    : >"$apt/status"
    echo "deb [signed-by=$keys] $mirror trixie main" >"$apt/sources.list"
    set -- -qq -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt" \
        -o APT::Sandbox::User=root
    (
        apt-get "$@" update &&
            apt-get "$@" install -y --no-install-recommends --download-only libnbd-bin python3-libnbd &&
            for file in "$apt"/archives/*.deb; do
                dpkg -x "$file" "$state/clients.new" || exit 1
            done &&
            rm -rf "$state/clients" && mv "$state/clients.new" "$state/clients" && rm -rf "$apt"
    ) >>"$state/apt.log" 2>&1 || echo "blkspc: could not fetch a newer libnbd, see $state/apt.log" >&2
}

run_tests() {
    install=yes
    guest=
    release=
    while [ $# -gt 0 ]; do
        case $1 in
            --guest) guest=-Dblkspc.guest=true ;;
            --release)
                release=-Dblkspc.release=true
                guest=-Dblkspc.guest=true
                ;;
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
    fetch_guest_kernel
    fetch_new_clients
    require_jdk
    require_maven
    # A machine in a machine is slow, and all of it runs in one process of Maven; --release has a longer limit of its own.
    [ -z "$guest" ] || [ -n "$release" ] || set -- -Dblkspc.testTimeoutSeconds=7200 "$@"
    locked verify "$@"
    exit $?
}

# Runs under the launcher's lock. BLKSPC_NO_BUILD: a test which starts the launcher must not build beneath us.
verify() {
    rm -rf "$root"/blkspc-*/target/surefire-reports "$root"/blkspc-*/target/failsafe-reports
    : >"$state/build.started"
    status=0
    (cd "$root" && BLKSPC_NO_BUILD=1 JAVA_HOME=$jdk mvn -B -ntp -Dstyle.color=never -fae -Dci ${release:+"$release"} ${guest:+"$guest"} verify \
        "$@" </dev/null) || status=1
    [ $status -ne 0 ] || [ ! -f "$root/blkspc-cli/target/blkspc.jar" ] || install_jar || :
    echo
    [ $status -eq 0 ] || echo "The build failed; Maven says above where."
    (cd "$root" && find blkspc-*/target -path '*-reports/TEST-*.xml' 2>/dev/null | sort | xargs cat /dev/null) |
        awk -f "$root/scripts/test-summary.awk" || status=1
    return $status
}
