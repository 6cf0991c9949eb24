# Runs in the guest, with the product in it: a mounted file system lives through the death of its server.
# Arguments: CONNECTIONS [unkept: the process that stays with the device is killed first]. Exit 0 only when nobody saw an error.
connections=$1
unkept=$2
. /common.sh
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
kill_server() { kill -9 $(process serve) || failed "no server to kill"; }
acknowledged() { cat /tmp/acknowledged 2>/dev/null || echo 0; }
goes_on() { # WHEN: the writer gets twenty records further
    enough=$(($(acknowledged) + 20))
    wait_for "the writer $1" "[ \$(acknowledged) -gt $enough ] || ! kill -0 $writer"
    kill -0 $writer || failed "the writer saw an error $1"
}
export BLKSPC_POOL=/tmp/pool
mkdir /jdk
mount -t ext4 -o ro /dev/vda /jdk || failed "no JDK"
ip link set lo up

step pool
java pool create --size 256M || failed "pool create"
java create vm -s 96M || failed create
step "attach, which starts the server"
dead=600
[ -z "$unkept" ] || dead=5
device=$(java attach vm -C "$connections" --timeout 5 --dead-timeout $dead) || { cat /tmp/pool/attach.log; failed attach; }
[ "$device" = /dev/nbd0 ] || failed "device '$device'"
/usr/sbin/mkfs.ext4 -q -F "$device" || failed mkfs
mount -t ext4 "$device" /mnt || failed mount
dd if=/dev/urandom of=/mnt/data bs=64k count=128 conv=fsync 2>/dev/null || failed data
(cd /mnt && sha256sum data >/tmp/sums)
(
    i=0
    while [ ! -e /tmp/enough ]; do
        echo "$i" | dd of=/mnt/log bs=64 conv=sync,fsync,notrunc seek=$i 2>/dev/null || exit 1
        echo $i >/tmp/acknowledged.new && mv /tmp/acknowledged.new /tmp/acknowledged
        i=$((i + 1))
        usleep 5000
    done
) &
writer=$!
goes_on "before any kill"
if [ -n "$unkept" ]; then
    kill -9 $(process --foreground) || failed "no keeper"
fi
step "kill -9 of the server"
kill_server
sleep 3
before=$(acknowledged)
sleep 1
[ "$(acknowledged)" = "$before" ] || failed "the writer got answers from nobody"
start_server
goes_on "after the kill"
step "the writer goes on"
touch /tmp/enough
wait $writer || failed "the writer saw an error"
echo "$(acknowledged) records"
umount /mnt || failed umount
/usr/sbin/e2fsck -fn "$device" >/tmp/check 2>&1 || { cat /tmp/check; failed e2fsck; }
echo 3 >/proc/sys/vm/drop_caches
mount -t ext4 "$device" /mnt || failed "mount again"
(cd /mnt && sha256sum -c /tmp/sums) || failed checksum
last=$(tr -d '\0' </mnt/log | tail -n 1)
[ "$last" = "$(acknowledged)" ] || failed "last record $last"
umount /mnt || failed umount
step detach
java attached | tee /tmp/attached
grep -q '^/dev/nbd0 .* vm .*yes' /tmp/attached || failed "not listed as kept"
java detach vm || failed detach
[ ! -e /sys/block/nbd0/pid ] || failed "still attached"
wait_for "the end of the keeper" '[ -z "$(process --foreground)" ]'
cat /tmp/pool/attach.log
dmesg | grep -E 'I/O error|EXT4-fs error|EXT4-fs .*abort|BUG:|Call Trace' && failed "the kernel complained"
step done
exit 0
