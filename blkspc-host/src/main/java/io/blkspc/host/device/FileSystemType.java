package io.blkspc.host.device;

/** What is known of file systems by their magic number (statfs(2), linux/magic.h). */
enum FileSystemType {
    EXT4(0xEF53, "ext4", true),
    XFS(0x58465342, "xfs", true),
    TMPFS(0x01021994, "tmpfs", true),
    BTRFS(0x9123683E, "btrfs", false),
    ZFS(0x2FC12FC1, "zfs", false),
    OVERLAY(0x794C7630, "overlay", false),
    F2FS(0xF2F52010, "f2fs", false),
    BCACHEFS(0xCA451A4E, "bcachefs", false),
    NFS(0x6969, "nfs", false),
    FUSE(0x65735546, "fuse", false),
    NINE_P(0x01021997, "9p", false),
    CIFS(0xFF534D42, "cifs", false),
    UNKNOWN(0, "unknown", false);

    private final int magic;
    private final String label;
    private final boolean keepsAllocation;

    FileSystemType(int magic, String label, boolean keepsAllocation) {
        this.magic = magic;
        this.label = label;
        this.keepsAllocation = keepsAllocation;
    }

    static FileSystemType of(long magic) {
        for (FileSystemType type : values()) {
            if (type != UNKNOWN && type.magic == (int) magic) {
                return type;
            }
        }
        return UNKNOWN;
    }

    /** For messages: the name, or the number of one that has none here. */
    static String name(long magic) {
        FileSystemType type = of(magic);
        return type == UNKNOWN ? "0x" + Long.toHexString(magic & 0xffffffffL) : type.label;
    }

    /**
     * {@code true} when space once allocated to a file is there for every later overwrite of it. Not so where an overwrite
     * goes to a new place (btrfs, zfs, f2fs, bcachefs) or where it cannot be seen from here (overlay, nfs, fuse).
     */
    boolean keepsAllocation() {
        return keepsAllocation;
    }
}
