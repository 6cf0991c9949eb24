# Runs in the guest, with the product in it: attach with the program nbd-client. Arguments: CONNECTIONS. Exit 0 only when every step held.
connections=$1
. /common.sh
. /product.sh

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
grep -q "nbd-client -d $device" /tmp/told || failed "it does not say how to end it: $(cat /tmp/told)"
[ "$(blockdev --getsize64 "$device")" = 100663296 ] || failed size
mkfs.ext4 -q -F "$device" || failed mkfs
mount -t ext4 "$device" /mnt || failed mount
dd if=/dev/urandom of=/mnt/data bs=64k count=128 conv=fsync 2>/dev/null || failed data
(cd /mnt && sha256sum data >/tmp/sums)
umount /mnt || failed umount
nbd-client -d "$device" >/dev/null || failed "nbd-client -d"
wait_for "the end of the device" "[ ! -e /sys/block/${device#/dev/}/pid ]"
step "for reading only"
device=$(java attach vm /dev/nbd3 --nbd-client -r 2>/tmp/told) || { cat /tmp/told; failed "attach --nbd-client -r"; }
[ "$device" = /dev/nbd3 ] || failed "device $device"
[ "$(blockdev --getro "$device")" = 1 ] || failed "not for reading only"
mount -t ext4 -o ro "$device" /mnt || failed "mount again"
(cd /mnt && sha256sum -c /tmp/sums) || failed checksum
umount /mnt || failed umount
nbd-client -d "$device" >/dev/null || failed "nbd-client -d"
step doctor
java doctor >/tmp/doctor
[ "$(grep -c -E '^ok +(attach|nbd-client) ' /tmp/doctor)" = 2 ] || { cat /tmp/doctor; failed doctor; }
step done
exit 0
