# Runs in the guest: a file system on a volume through the kernel's nbd driver and nbd-client, from mkfs to a killed server.
# Arguments: FILESYSTEM CONNECTIONS [plain: without a clone]. Exit 0 only when every step held. Host work is asked for by name, see host().
fs=$1
connections=$2
plain=$3
. /common.sh

# Without -t the driver never gives up a request that was on its way when its server died: the writer would wait for ever.
attach() { # DEVICE EXPORT
    nbd-client 203.0.113.2 "$port" -N "$2" -C "$connections" -t 5 "/dev/$1" >/tmp/attach 2>&1 ||
        { cat /tmp/attach; failed "attach $2"; }
    wait_for "size of $1" "[ \$(cat /sys/block/$1/size) != 0 ]"
}
detach() { # DEVICE
    nbd-client -d "/dev/$1" >/dev/null 2>&1
    wait_for "detach of $1" "[ ! -e /sys/block/$1/pid ]"
}
check() { # DEVICE
    case $fs in
        ext4) /usr/sbin/e2fsck -fn "/dev/$1" >/tmp/check 2>&1 ;;
        xfs) /usr/sbin/xfs_repair -n "/dev/$1" >/tmp/check 2>&1 ;;
    esac || { tail -n 20 /tmp/check; failed "check of $1"; }
}
mounted() { # DEVICE; a clone of an XFS has the uuid of its origin
    if [ $fs = xfs ]; then set -- "$1" -o nouuid; fi
    device=$1
    shift
    mount -t $fs "$@" "/dev/$device" /mnt || failed "mount of $device"
}
verify() { # SUMS
    (cd /mnt/d && sha256sum -c "$1" >/tmp/verify 2>&1) || { grep -v OK /tmp/verify; failed "checksums"; }
}

step attach
attach nbd0 vm
[ "$(ls /sys/block/nbd0/mq | wc -l)" -ge 1 ] || failed "no queue"
step mkfs
case $fs in
    ext4) /usr/sbin/mkfs.ext4 -q -F /dev/nbd0 ;;
    xfs) /usr/sbin/mkfs.xfs -q -f /dev/nbd0 ;;
esac || failed mkfs
mounted nbd0
step write
mkdir /mnt/d
for i in 1 2 3 4 5 6; do
    dd if=/dev/urandom of=/mnt/d/f$i bs=64k count=$((i * 8)) 2>/dev/null || failed "write $i"
done
i=0
while [ $i -lt 400 ]; do
    echo MARKER-0123456789abcdef
    i=$((i + 1))
done >/mnt/d/marker
(cd /mnt/d && sha256sum * >/tmp/sums) || failed sums
[ "$(wc -l </tmp/sums)" = 7 ] || failed "not 7 checksums"
dd if=/dev/zero of=/mnt/junk bs=1M count=32 2>/dev/null
sync
host used
step fstrim
rm /mnt/junk
sync
/usr/sbin/fstrim -v /mnt || failed fstrim
host trimmed
umount /mnt || failed umount
detach nbd0

step reattach
host between
attach nbd0 vm
check nbd0
mounted nbd0
verify /tmp/sums

if [ -z "$plain" ]; then
    step clone of a mounted volume
    sync
    host clone
    umount /mnt || failed umount
    attach nbd1 copy
    mounted nbd1
    verify /tmp/sums
    rm /mnt/d/f1
    dd if=/dev/urandom of=/mnt/d/f2 bs=64k count=20 conv=notrunc 2>/dev/null || failed "change the clone"
    (cd /mnt/d && sha256sum * >/tmp/changed) || failed sums
    umount /mnt || failed "umount of the clone"
    check nbd1
    detach nbd1
    host origin
    mounted nbd0
    verify /tmp/sums
fi

step server is killed
acknowledged=-1
(
    i=0
    while [ $i -lt 2000 ]; do
        echo "$i" | dd of=/mnt/log bs=64 conv=sync,fsync,notrunc seek=$i 2>/dev/null || break
        echo $i >/tmp/acknowledged
        i=$((i + 1))
        usleep 10000
    done
) &
wait_for "first records" '[ "$(cat /tmp/acknowledged 2>/dev/null || echo 0)" -gt 10 ]'
host kill
wait $!
acknowledged=$(cat /tmp/acknowledged)
[ "$acknowledged" -lt 1999 ] || failed "the writer never noticed"
umount /mnt
detach nbd0
step recovery
host start
attach nbd0 vm
mounted nbd0
verify /tmp/sums
last=$(tr -d '\0' </mnt/log | tail -n 1)
echo "last record $last, last acknowledged $acknowledged"
[ -n "$last" ] && [ "$last" -ge "$acknowledged" ] || failed "acknowledged records are lost"
umount /mnt || failed umount
check nbd0
if [ -z "$plain" ]; then
    attach nbd1 copy
    mounted nbd1
    verify /tmp/changed
    umount /mnt || failed umount
    detach nbd1
fi

step discard
/usr/sbin/blkdiscard -f /dev/nbd0 || failed blkdiscard
left=$(dd if=/dev/nbd0 bs=1M count=4 2>/dev/null | tr -d '\0' | wc -c)
[ "$left" = 0 ] || [ -n "$plain" ] || failed "data after discard" # the protocol promises no zeros, we do
mkswap /dev/nbd0 >/dev/null && swapon /dev/nbd0 && swapoff /dev/nbd0 || failed swap
detach nbd0
dmesg | grep -E 'BUG:|Call Trace|blocked for more than' && failed "the kernel complained"
step done
exit 0
