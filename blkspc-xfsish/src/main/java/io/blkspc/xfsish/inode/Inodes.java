package io.blkspc.xfsish.inode;

import io.blkspc.api.BlockSpaceException;
import io.blkspc.api.BlockSpaceException.Code;
import io.blkspc.xfsish.format.InodeFields;
import io.blkspc.xfsish.format.InodeRecord;
import io.blkspc.xfsish.format.InodeRecord.ForkFormat;
import io.blkspc.xfsish.group.Groups;
import io.blkspc.xfsish.metadata.Metadata;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.UUID;
import java.util.function.LongConsumer;

/**
 * Inodes: found by number, made and removed. Those used lately stay in memory; one with delayed blocks always does. Guarded
 * by the lock of the file system.
 */
public final class Inodes {

    private static final int KEPT = 10_000;

    private final Metadata metadata;
    private final Groups groups;
    private final LongConsumer forgotten;
    private final LinkedHashMap<Long, Inode> cache = new LinkedHashMap<>(64, 0.75f, true);

    /**
     * The inodes of a file system.
     *
     * @param forgotten told the number of each inode that is removed or leaves memory
     */
    public Inodes(Metadata metadata, Groups groups, LongConsumer forgotten) {
        this.metadata = metadata;
        this.groups = groups;
        this.forgotten = forgotten;
    }

    private UUID uuid() {
        return metadata.superblock().uuid();
    }

    /**
     * An inode in use.
     *
     * @throws BlockSpaceException {@code NOT_FOUND}; {@code CORRUPT}
     */
    public Inode get(long number) {
        Inode inode = cache.get(number);
        if (inode == null) {
            long block = InodeRecord.block(number);
            if (number <= 0 || block >= metadata.superblock().blockCount()) {
                throw notFound(number);
            }
            MemorySegment record = InodeRecord.slice(metadata.view(block), number);
            InodeRecord.verify(record, number, uuid());
            if (InodeRecord.mode(record) == 0) {
                throw notFound(number);
            }
            InodeFields fields = InodeFields.read(record, number, uuid());
            inode = keep(new Inode(number, fields, ExtentMap.load(number, fields, metadata)));
        }
        return inode;
    }

    private static BlockSpaceException notFound(long number) {
        return new BlockSpaceException(Code.NOT_FOUND, "no such inode: number=" + number);
    }

    private Inode keep(Inode inode) {
        cache.put(inode.number(), inode);
        if (cache.size() > KEPT) {
            var eldest = cache.values().iterator();
            while (cache.size() > KEPT && eldest.hasNext()) {
                Inode old = eldest.next();
                if (old != inode && old.delayed().isEmpty()) {
                    eldest.remove();
                    forgotten.accept(old.number());
                }
            }
        }
        return inode;
    }

    /** Those with delayed blocks. */
    public List<Inode> withDelayed() {
        List<Inode> found = new ArrayList<>();
        cache.values().forEach(inode -> {
            if (!inode.delayed().isEmpty()) {
                found.add(inode);
            }
        });
        return found;
    }

    /** Writes an inode, and what changed of its extents, in the running transaction. */
    public void store(Inode inode) {
        if (inode.fields().format != ForkFormat.TARGET) {
            inode.extents().store(inode.number(), inode.fields(), metadata, groups);
        }
        MemorySegment block = metadata.change(InodeRecord.block(inode.number()));
        inode.fields().write(InodeRecord.slice(block, inode.number()), inode.number(), uuid());
    }

    /** {@code true} when making an inode near this group takes a block. */
    public boolean needsBlock(int group) {
        return groups.blockWithFreeInode(group) < 0;
    }

    /** Makes an inode of these fields in a group, in the running transaction. */
    public Inode create(int group, InodeFields fields) {
        long block = groups.blockWithFreeInode(group);
        if (block < 0) {
            block = addBlock(group);
        }
        MemorySegment bytes = metadata.change(block);
        int free = 0;
        long number = -1;
        for (int i = InodeRecord.PER_BLOCK - 1; i >= 0; i--) {
            long candidate = block * InodeRecord.PER_BLOCK + i;
            MemorySegment record = InodeRecord.slice(bytes, candidate);
            InodeRecord.verify(record, candidate, uuid());
            if (InodeRecord.mode(record) == 0) {
                free++;
                number = candidate;
                fields.generation = InodeRecord.generation(record) + 1;
            }
        }
        if (number < 0) {
            throw new IllegalStateException("block has no free inode, but its bit says so: block=" + block);
        }
        groups.countInode(block, true, free == 1);
        Inode inode = keep(new Inode(number, fields, new ExtentMap()));
        store(inode);
        return inode;
    }

    private long addBlock(int group) {
        long block = groups.allocate(groups.startOf(group), 1).block();
        MemorySegment bytes = metadata.create(block);
        for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
            long number = block * InodeRecord.PER_BLOCK + i;
            InodeRecord.writeFree(InodeRecord.slice(bytes, number), number, uuid(), 0);
        }
        groups.addInodeBlock(block, InodeRecord.PER_BLOCK);
        return block;
    }

    /** Counts an inode that lost its last name, or that is removed now after it did. */
    public void countUnlinked(Inode inode, int change) {
        groups.countUnlinked(InodeRecord.block(inode.number()), change);
    }

    /** Makes an inode without blocks free, in the running transaction. */
    public void remove(Inode inode) {
        long block = InodeRecord.block(inode.number());
        MemorySegment bytes = metadata.change(block);
        boolean hadFree = false;
        for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
            hadFree |= InodeRecord.mode(bytes.asSlice((long) i * InodeRecord.BYTES, InodeRecord.BYTES)) == 0;
        }
        InodeRecord.writeFree(
                InodeRecord.slice(bytes, inode.number()), inode.number(), uuid(), inode.fields().generation);
        groups.countInode(block, false, !hadFree);
        cache.remove(inode.number());
        forgotten.accept(inode.number());
    }

    /** Numbers of the inodes without a name that are still to be removed. */
    public List<Long> unlinked() {
        List<Long> numbers = new ArrayList<>();
        for (long block : groups.blocksWithUnlinked()) {
            for (int i = 0; i < InodeRecord.PER_BLOCK; i++) {
                long number = block * InodeRecord.PER_BLOCK + i;
                MemorySegment record = InodeRecord.slice(metadata.view(block), number);
                InodeRecord.verify(record, number, uuid());
                if (InodeRecord.mode(record) != 0 && InodeRecord.links(record) == 0) {
                    numbers.add(number);
                }
            }
        }
        return numbers;
    }
}
