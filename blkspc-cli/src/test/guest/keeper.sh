# Runs in the guest, with the product in it: a mounted file system lives through the deaths of its server, and all else that
# happens to an attached volume.
# Arguments: CONNECTIONS [unkept: the process that stays with the device is killed first]. Exit 0 only when nobody saw an error.
connections=$1
unkept=$2
. /common.sh
. /product.sh
kill_server() { kill -9 $(process serve) || failed "no server to kill"; }
acknowledged() { cat /tmp/acknowledged 2>/dev/null || echo 0; }
goes_on() { # WHEN: the writer gets twenty records further
    enough=$(($(acknowledged) + 20))
    wait_for "the writer $1" "[ \$(acknowledged) -gt $enough ] || ! kill -0 $writer"
    kill -0 $writer || failed "the writer saw an error $1"
}
step pool
java pool create --size 256M || failed "pool create"
java create vm -s 96M || failed create
step "two attach at once, which starts the server"
dead=600
[ -z "$unkept" ] || dead=5
attach() { java attach "$@" -C "$connections" --timeout 20 --dead-timeout $dead; }
attach vm >/tmp/first 2>/tmp/first.log &
attach vm >/tmp/second 2>/tmp/second.log || { cat /tmp/second.log /tmp/pool/attach.log; failed attach; }
wait $! || { cat /tmp/first.log /tmp/pool/attach.log; failed "attach beside another"; }
device=/dev/nbd0
[ "$(cat /tmp/first /tmp/second)" = "$device
$device" ] || failed "devices $(cat /tmp/first /tmp/second)"
[ "$(cat /tmp/first.log /tmp/second.log | grep -c 'attached already: device=/dev/nbd0')" = 1 ] || failed "nobody came second"
[ "$(ls -d /sys/block/nbd*/pid | wc -l)" = 1 ] || failed "more than one device"
[ "$(cat /sys/block/nbd0/size)" = 196608 ] || failed "size"
mkfs.ext4 -q -F "$device" || failed mkfs
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
kill_keeper() {
    kill -9 $(process --foreground) || failed "no keeper"
    wait_for "the end of the keeper" '[ -z "$(process --foreground)" ]'
}
if [ -n "$unkept" ]; then
    kill_keeper
fi
for kill in 1 2 3; do
    step "kill -9 of the server, number $kill"
    kill_server
    sleep 1
    before=$(acknowledged)
    sleep 1
    [ "$(acknowledged)" = "$before" ] || failed "the writer got answers from nobody"
    [ -z "$unkept" ] || sleep $dead
    start_server
    if [ $kill = 2 ]; then # once more before all connections are back
        kill_server
        start_server
    fi
    goes_on "after kill $kill"
done
step "a clean restart"
java stop >/dev/null || failed stop
start_server
goes_on "after the clean restart"

replace_keeper() { # WHEN
    java attached | grep -q '^/dev/nbd0 .* vm .*no' || failed "listed as kept without a keeper $1"
    [ "$(attach vm 2>/tmp/again)" = "$device" ] || { cat /tmp/again /tmp/pool/attach.log; failed "attach again $1"; }
    grep -q 'attached already: device=/dev/nbd0' /tmp/again || failed "$(cat /tmp/again)"
    java attached | grep -q '^/dev/nbd0 .* vm .*yes' || failed "not kept again $1"
}
if [ -z "$unkept" ]; then
    step "another keeper takes the place of one that was killed"
    kill_keeper
    replace_keeper "while the server runs"
    kill_server
    start_server
    goes_on "with the second keeper"
    kill_keeper
    kill_server
    sleep 1
    replace_keeper "which starts the server too"
    goes_on "with the third keeper"
fi

verify() { # reads from the server
    echo 3 >/proc/sys/vm/drop_caches
    mount -t ext4 -o ro "$device" /mnt || failed "mount again"
    (cd /mnt && sha256sum -c /tmp/sums) || failed checksum
    last=$(tr -d '\0' </mnt/log | tail -n 1)
    [ "$last" = "$(acknowledged)" ] || failed "last record $last"
    umount /mnt || failed umount
}
rest() { # what does not depend on the number of connections, and takes a while
    step "what is in use is not detached"
    java detach vm 2>/tmp/refused && failed "a mounted device was detached"
    grep -q 'in use: device=/dev/nbd0, by=/mnt' /tmp/refused || failed "$(cat /tmp/refused)"
    attach vm /dev/nbd3 >/dev/null 2>/tmp/refused && failed "a second device of one volume"
    grep -q 'attached already, as another device: device=/dev/nbd0' /tmp/refused || failed "$(cat /tmp/refused)"
    attach vm -r >/dev/null 2>/tmp/refused && failed "a device for writing is none for reading only"
    grep -q 'attached already, for writing' /tmp/refused || failed "$(cat /tmp/refused)"
    goes_on "after all that was refused"

    step "online resize"
    java resize vm -s 160M || failed resize
    wait_for "the new size" '[ "$(blockdev --getsize64 /dev/nbd0)" = 167772160 ]'
    resize2fs "$device" >/tmp/resize 2>&1 || { cat /tmp/resize; failed resize2fs; }
    [ "$(df -k /mnt | awk 'END { print ($2 > 130000) }')" = 1 ] || failed "the file system did not grow: $(df -k /mnt)"
    dd if=/dev/urandom of=/mnt/more bs=64k count=960 conv=fsync 2>/dev/null || failed "no room in what was added"
    (cd /mnt && sha256sum more >>/tmp/sums)
    goes_on "after the resize"
    kill_server
    start_server
    goes_on "after a kill with the new size"
    wait_for "all connections" '[ "$(tail -n 1 /tmp/pool/attach.log | grep -c dead=0)" = 1 ]'
    [ "$(blockdev --getsize64 /dev/nbd0)" = 167772160 ] || failed "the new size is forgotten"
}
[ "$connections" != 1 ] || rest

touch /tmp/enough
wait $writer || failed "the writer saw an error"
echo "$(acknowledged) records"
umount /mnt || failed umount
e2fsck -fn "$device" >/tmp/check 2>&1 || { cat /tmp/check; failed e2fsck; }
verify
step detach
java attached | tee /tmp/attached
grep -q '^/dev/nbd0 .* vm .*yes' /tmp/attached || failed "not listed as kept"
sleep 600 <"$device" &
opener=$!
java detach vm 2>/tmp/refused && failed "an open device was detached"
grep -q "by=pid=$opener" /tmp/refused || failed "$(cat /tmp/refused)"
kill $opener
java detach vm || failed detach
[ ! -e /sys/block/nbd0/pid ] || failed "still attached"
wait_for "the end of the keeper" '[ -z "$(process --foreground)" ]'

if [ "$connections" = 1 ]; then
    step "for reading only"
    device=$(attach vm -r) || failed "attach -r"
    [ "$(blockdev --getro "$device")" = 1 ] || failed "not for reading only"
    dd if=/dev/zero of="$device" bs=4096 count=1 conv=fsync 2>/dev/null && failed "it was written"
    verify
    java detach "$device" || failed "detach by device"
    step "attached right after a detach, before the old keeper has seen it"
    again=$(attach vm -r) || failed "attach right after a detach"
    java attached | grep -q "^$again .*yes" || failed "not kept: $(java attached)"
    java detach vm || failed "detach again"
    wait_for "the end of every keeper" '[ -z "$(process --foreground)" ]'
fi
cat /tmp/pool/attach.log
dmesg | grep -E 'I/O error|EXT4-fs error|EXT4-fs .*abort|BUG:|Call Trace' | grep -v "$device.*WRITE" && failed "the kernel complained"
step done
exit 0
