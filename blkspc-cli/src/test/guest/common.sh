# What the stories share.
failed() {
    echo "FAILED $*"
    dmesg | tail -n 15
    exit 1
}
step() { echo "STEP $(cut -d' ' -f1 /proc/uptime) $*"; }
host() { # WORD: has the host do something and waits for it
    echo "HOST-DO $1"
    read -r answer <&3 || failed "no answer from the host"
    [ "$answer" = done ] || failed "the host could not: $1"
}
stty -echo </dev/ttyS0
exec 3</dev/ttyS0

wait_for() { # WHAT CONDITION
    tries=0
    until eval "$2"; do
        tries=$((tries + 1))
        [ $tries -lt 1200 ] || failed "$1 takes too long"
        usleep 100000
    done
}
