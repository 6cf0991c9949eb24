# The product in the guest: its JDK is the first disk, its jar in the archive.
java() {
    /jdk/bin/java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx192m --sun-misc-unsafe-memory-access=allow -jar /blkspc.jar "$@"
}
start_server() {
    rm -f /tmp/ready
    java serve >/tmp/ready 2>>/tmp/serve.log &
    wait_for "the server" "grep -q ready /tmp/ready"
}
process() { # WORD: the processes of the product with this word on their command line
    for each in /proc/[0-9]*; do
        case " $(tr '\0' ' ' <"$each/cmdline" 2>/dev/null)" in *" /jdk/bin/java "*" $1 "*) echo "${each#/proc/}" ;; esac
    done
}
export BLKSPC_POOL=/tmp/pool
mkdir /jdk
mount -t ext4 -o ro /dev/vda /jdk || failed "no JDK"
ip link set lo up
# Requests may wait for a server for minutes here, and are meant to.
echo 0 >/proc/sys/kernel/hung_task_timeout_secs
