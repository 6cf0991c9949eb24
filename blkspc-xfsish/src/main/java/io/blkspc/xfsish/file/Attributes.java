package io.blkspc.xfsish.file;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.xfsish.file.FileSystemException.Reason;
import io.blkspc.xfsish.format.AttributeBlock;
import io.blkspc.xfsish.inode.Inode;
import java.util.SortedMap;
import java.util.TreeMap;

/** Extended attributes: all of an inode's in one block. Guarded by the lock of the file system. */
final class Attributes {

    private final Mounted mounted;

    Attributes(Mounted mounted) {
        this.mounted = mounted;
    }

    SortedMap<String, byte[]> all(Inode inode) {
        long block = inode.fields().attributes;
        return block == 0
                ? new TreeMap<>()
                : AttributeBlock.read(
                        mounted.metadata.view(block),
                        block,
                        mounted.metadata.superblock().uuid(),
                        inode.number());
    }

    byte[] require(Inode inode, String name) {
        byte[] value = all(inode).get(name);
        if (value == null) {
            throw new FileSystemException(Reason.NO_ATTRIBUTE, "no such attribute: name=" + name);
        }
        return value;
    }

    void requireNone(Inode inode, String name) {
        if (all(inode).containsKey(name)) {
            throw new BlockSpaceException(Code.EXISTS, "attribute is there: name=" + name);
        }
    }

    /** Sets an attribute, or removes it with a null value. */
    void set(Inode inode, String name, byte[] value) {
        SortedMap<String, byte[]> attributes = all(inode);
        if (value == null && attributes.remove(name) == null) {
            throw new FileSystemException(Reason.NO_ATTRIBUTE, "no such attribute: name=" + name);
        }
        if (value != null) {
            attributes.put(name, value.clone());
        }
        if (!AttributeBlock.fits(attributes)) {
            throw new FileSystemException(
                    Reason.TOO_LARGE, "attributes of a file fit into one block: inode=" + inode.number());
        }
        boolean isNew = inode.fields().attributes == 0;
        mounted.change(() -> mounted.delayed.need(Reservations.OPERATION, 0, isNew ? 1 : 0, false), () -> {
            store(inode, attributes);
            inode.fields().changed = mounted.now();
            mounted.inodes.store(inode);
            return null;
        });
    }

    private void store(Inode inode, SortedMap<String, byte[]> attributes) {
        long block = inode.fields().attributes;
        if (attributes.isEmpty()) {
            mounted.groups.free(block, 1, true);
            inode.fields().attributes = 0;
            inode.fields().blocks--;
            return;
        }
        boolean isNew = block == 0;
        if (isNew) {
            block = mounted.groups.allocate(inode.number() / 8, 1).block();
            inode.fields().attributes = block;
            inode.fields().blocks++;
        }
        AttributeBlock.write(
                isNew ? mounted.metadata.create(block) : mounted.metadata.change(block),
                block,
                mounted.metadata.superblock().uuid(),
                inode.number(),
                attributes);
    }
}
