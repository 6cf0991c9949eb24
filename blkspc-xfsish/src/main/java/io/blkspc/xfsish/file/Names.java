package io.blkspc.xfsish.file;

import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.DirectoryBlock;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.inode.Directories.Entry;
import io.blkspc.xfsish.inode.Inode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;

/** From paths to inodes. Paths are absolute, UTF-8, with {@code /} between names. Guarded by the lock of the file system. */
final class Names {

    private static final int MAX_SYMLINKS = 40;

    private final Mounted mounted;

    Names(Mounted mounted) {
        this.mounted = mounted;
    }

    /**
     * Where a name is or would be.
     *
     * @param directory the directory
     * @param name its last part
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared, never changed
    record Place(Inode directory, byte[] name) {}

    static byte[] bytes(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > DirectoryBlock.MAX_NAME_BYTES) {
            throw new FileSystemException(Reason.NAME_TOO_LONG, "name is too long: bytes=" + bytes.length);
        }
        if (bytes.length == 0 || name.indexOf('/') >= 0 || name.indexOf('\0') >= 0 || isDots(name)) {
            throw new FileSystemException(Reason.INVALID, "no such name can be made: name=" + name);
        }
        return bytes;
    }

    /** A place by number of the directory, and raw bytes of the name. */
    Place place(long directory, byte[] name) {
        if (name.length > DirectoryBlock.MAX_NAME_BYTES) {
            throw new FileSystemException(Reason.NAME_TOO_LONG, "name is too long: bytes=" + name.length);
        }
        boolean isPlain = name.length > 2 || (name.length > 0 && (name[0] != '.' || name[name.length - 1] != '.'));
        for (int i = 0; isPlain && i < name.length; i++) {
            isPlain = name[i] != 0 && name[i] != '/';
        }
        if (!isPlain) {
            throw new FileSystemException(Reason.INVALID, "no such name can be made: bytes=" + name.length);
        }
        Inode inode = mounted.inodes.get(directory);
        requireDirectory(inode, "inode=" + directory);
        return new Place(inode, name);
    }

    private static boolean isDots(String name) {
        return name.equals(".") || name.equals("..");
    }

    Inode root() {
        return mounted.inodes.get(mounted.metadata.superblock().rootInode());
    }

    /** The inode of a path; a symlink at its end is followed or not. */
    Inode resolve(String path, boolean followLast) {
        Deque<String> parts = new ArrayDeque<>();
        push(parts, path);
        Inode at = root();
        int links = 0;
        while (!parts.isEmpty()) {
            String part = parts.removeFirst();
            requireDirectory(at, path);
            if (part.equals("..")) {
                at = mounted.inodes.get(at.fields().parent);
                continue;
            }
            Entry entry = part.equals(".") ? null : mounted.directories.find(at, bytes(part));
            if (entry == null && !part.equals(".")) {
                throw Mounted.notFound(path);
            }
            Inode next = entry == null ? at : mounted.inodes.get(entry.inode());
            if (next.fields().type() == InodeFields.SYMLINK && (followLast || !parts.isEmpty())) {
                if (++links > MAX_SYMLINKS) {
                    throw new FileSystemException(Reason.TOO_MANY_LINKS, "too many symbolic links: " + path);
                }
                String target = new String(next.fields().target, StandardCharsets.UTF_8);
                push(parts, target);
                at = target.startsWith("/") ? root() : at;
            } else {
                at = next;
            }
        }
        return at;
    }

    private static void push(Deque<String> parts, String path) {
        String[] all = path.split("/", -1);
        for (int i = all.length - 1; i >= 0; i--) {
            if (!all[i].isEmpty()) {
                parts.addFirst(all[i]);
            }
        }
    }

    /** The directory of a path and its last name, which need not be there. */
    Place place(String path) {
        String trimmed = path;
        while (trimmed.length() > 1 && trimmed.endsWith("/")) {
            trimmed = trimmed.substring(0, trimmed.length() - 1);
        }
        int slash = trimmed.lastIndexOf('/');
        Inode directory = resolve(slash <= 0 ? "/" : trimmed.substring(0, slash), true);
        requireDirectory(directory, path);
        return new Place(directory, bytes(trimmed.substring(slash + 1)));
    }

    static void requireDirectory(Inode inode, String what) {
        if (!inode.isDirectory()) {
            throw new FileSystemException(Reason.NOT_A_DIRECTORY, "not a directory: " + what);
        }
    }
}
