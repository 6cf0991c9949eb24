# Runs in a guest with little memory, with the product in it: the kernel's device and its server share that memory. What is written
# to the device is many times as much, through the page cache, so the kernel can only get memory back by writing to the device, for
# which the server needs memory too.
# Arguments: MEBIBYTES to write. Exit 0 only when all of it was written, and is there.
mebibytes=$1
. /common.sh
. /product.sh
step "pool on the second disk"
grep -E 'MemTotal|MemFree' /proc/meminfo
mkfs.ext4 -q -F /dev/vdb || failed "mkfs of the disk"
mkdir -p "$BLKSPC_POOL"
mount -t ext4 /dev/vdb "$BLKSPC_POOL" || failed "mount of the disk"
export BLKSPC_POOL=$BLKSPC_POOL/p
java pool create --size $((mebibytes + 64))M || failed "pool create"
java create vm -s "${mebibytes}M" || failed create
device=$(java attach vm) || { cat "$BLKSPC_POOL/attach.log"; failed attach; }
content() { # the largest file there is, again and again: what is read back can be told from what was never written
    while cat /jdk/lib/modules; do :; done 2>/dev/null | head -c "$((mebibytes << 20))"
}
step write
content >"$device" || failed write
step flush
blockdev --flushbufs "$device" || failed flush
sync
step "read back"
echo 3 >/proc/sys/vm/drop_caches
content | cmp - "$device" || failed "what was written is not there"
grep -E 'MemTotal|MemFree|Dirty' /proc/meminfo
java detach vm || failed detach
java stop || failed stop
dmesg | grep -E 'I/O error|Out of memory|blocked for more|BUG:|Call Trace' && failed "the kernel complained"
step done
exit 0
