# Runs in the guest, with the product in it: attach with the program nbd-client, and devices that it made by hand. Arguments: CONNECTIONS. Exit 0 only when every step held.
connections=$1
. /common.sh
. /product.sh
listed() { # PATTERN: attached has a line that begins with it
    java attached >/tmp/attached || failed attached
    grep -q "^$1" /tmp/attached || { cat /tmp/attached; failed "not listed: $1"; }
}
ended() { # DEVICE
    [ ! -e "/sys/block/${1#/dev/}/pid" ] || failed "still attached: $1"
    java attached >/tmp/attached || failed attached
    [ ! -s /tmp/attached ] || { cat /tmp/attached; failed "something is attached"; }
}

step pool
java pool create --size 256M || failed "pool create"
java create vm -s 96M || failed create
step "without nbd-client"
mv /usr/sbin/nbd-client /tmp/hidden
java attach vm --nbd-client >/dev/null 2>/tmp/refused && failed "attached without nbd-client"
grep -q 'package nbd-client' /tmp/refused || failed "$(cat /tmp/refused)"
mv /tmp/hidden /usr/sbin/nbd-client
step "with nbd-client"
device=$(java attach vm --nbd-client -C "$connections" --timeout 20 2>/tmp/told) || { cat /tmp/told; failed "attach --nbd-client"; }
grep -q "blkspc detach $device" /tmp/told || failed "it does not say how to end it: $(cat /tmp/told)"
[ "$(blockdev --getsize64 "$device")" = 100663296 ] || failed size
mkfs.ext4 -q -F "$device" || failed mkfs
mount -t ext4 "$device" /mnt || failed mount
dd if=/dev/urandom of=/mnt/data bs=64k count=128 conv=fsync 2>/dev/null || failed data
(cd /mnt && sha256sum data >/tmp/sums)
listed "$device  *vm .* no  *nbd-client  */mnt  */tmp/pool"
java detach vm 2>/tmp/refused && failed "a mounted device was detached"
grep -q "in use: device=$device, by=/mnt" /tmp/refused || failed "$(cat /tmp/refused)"
java attach vm >/dev/null 2>/tmp/refused && failed "a second device of one volume"
grep -q "attached already, by nbd-client: device=$device" /tmp/refused || failed "$(cat /tmp/refused)"
umount /mnt || failed umount
java detach vm || failed "detach by name"
ended "$device"
step "for reading only"
device=$(java attach vm /dev/nbd3 --nbd-client -r 2>/tmp/told) || { cat /tmp/told; failed "attach --nbd-client -r"; }
[ "$device" = /dev/nbd3 ] || failed "device $device"
[ "$(blockdev --getro "$device")" = 1 ] || failed "not for reading only"
mount -t ext4 -o ro "$device" /mnt || failed "mount again"
(cd /mnt && sha256sum -c /tmp/sums) || failed checksum
umount /mnt || failed umount
nbd-client -d "$device" >/dev/null || failed "nbd-client -d"
wait_for "the end of the device" "[ ! -e /sys/block/${device#/dev/}/pid ]"
ended "$device"
step "by hand, through netlink: nobody knows the volume"
nbd-client -unix /tmp/pool/nbd.sock -N vm -C "$connections" -t 20 /dev/nbd3 || failed "nbd-client"
wait_for "the device" '[ "$(blockdev --getsize64 /dev/nbd3)" = 100663296 ]'
listed "/dev/nbd3  *-  .* no  *nbd-client  *-  *-"
java detach vm 2>/tmp/refused && failed "a device of nobody knows what was detached by name"
grep -q 'not attached: name=vm' /tmp/refused || failed "$(cat /tmp/refused)"
dd if=/dev/urandom of=/dev/nbd3 bs=64k seek=1000 count=4 2>/dev/null || failed write
sleep 600 </dev/nbd3 &
opener=$!
java detach /dev/nbd3 2>/tmp/refused && failed "an open device was detached"
grep -q "by=pid=$opener" /tmp/refused || failed "$(cat /tmp/refused)"
kill $opener
java detach /dev/nbd3 || failed "detach by device"
ended /dev/nbd3
step "by hand, with a process that stays"
nbd-client -nonetlink -unix /tmp/pool/nbd.sock -N vm -t 20 /dev/nbd2 || failed "nbd-client -nonetlink"
wait_for "the device" '[ "$(blockdev --getsize64 /dev/nbd2)" = 100663296 ]'
wait_for "its process" '[ -e /sys/block/nbd2/pid ]'
client=$(cat /sys/block/nbd2/pid)
listed "/dev/nbd2  *vm .* no  *nbd-client  *-  */tmp/pool"
java attach vm >/dev/null 2>/tmp/refused && failed "a second device of one volume"
grep -q 'attached already, by nbd-client: device=/dev/nbd2' /tmp/refused || failed "$(cat /tmp/refused)"
java detach vm || failed "detach by name"
ended /dev/nbd2
wait_for "the end of its process" "! kill -0 $client 2>/dev/null"
step "the server is gone: what was written last stays somebody's to decide"
nbd-client -unix /tmp/pool/nbd.sock -N vm -C "$connections" -t 5 /dev/nbd3 || failed "nbd-client"
wait_for "the device" '[ "$(blockdev --getsize64 /dev/nbd3)" = 100663296 ]'
dd if=/dev/urandom of=/dev/nbd3 bs=64k seek=900 count=4 2>/dev/null || failed write
kill -9 $(process serve) || failed "no server to kill"
wait_for "the end of the server" '[ -z "$(process serve)" ]'
for turn in first second; do # also when there is nothing left in the page cache
    java detach /dev/nbd3 2>/tmp/refused && failed "the $turn time it was detached with writes that no server has"
    grep -q 'what was written last cannot be brought to the volume' /tmp/refused || failed "$(cat /tmp/refused)"
    grep -q 'nbd-client -d /dev/nbd3' /tmp/refused || failed "$(cat /tmp/refused)"
    [ -e /sys/block/nbd3/pid ] || failed "the device is gone"
done
nbd-client -d /dev/nbd3 >/dev/null || failed "nbd-client -d"
wait_for "the end of the device" "[ ! -e /sys/block/nbd3/pid ]"
ended /dev/nbd3
step doctor
java doctor >/tmp/doctor
[ "$(grep -c -E '^ok +(attach|nbd-client) ' /tmp/doctor)" = 2 ] || { cat /tmp/doctor; failed doctor; }
step done
exit 0
